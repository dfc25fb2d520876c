package testbed_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestKubeRunsPods(t *testing.T) {
	cluster := testbed.Kube(t)
	client, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	pods := client.CoreV1().Pods(cluster.Namespace(t))
	tests := []struct {
		name    string
		image   string
		restart corev1.RestartPolicy
		want    func(corev1.PodStatus) bool
	}{
		{"runs", "example.test/app:1.0.0", corev1.RestartPolicyAlways, func(s corev1.PodStatus) bool {
			return s.Phase == corev1.PodRunning && s.ContainerStatuses[0].Ready
		}},
		{"completes", "example.test/job:1.0.0", corev1.RestartPolicyNever, func(s corev1.PodStatus) bool {
			return s.Phase == corev1.PodSucceeded
		}},
		{"cannot-be-pulled", "example.test/app:bad", corev1.RestartPolicyAlways, func(s corev1.PodStatus) bool {
			return s.Phase == corev1.PodPending && len(s.ContainerStatuses) == 1 &&
				s.ContainerStatuses[0].State.Waiting.Reason == "ImagePullBackOff"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: tt.name},
				Spec: corev1.PodSpec{
					RestartPolicy: tt.restart,
					Containers:    []corev1.Container{{Name: "main", Image: tt.image}},
				},
			}
			watch, err := pods.Watch(t.Context(), metav1.SingleObject(pod.ObjectMeta))
			if err != nil {
				t.Fatal(err)
			}
			defer watch.Stop()
			if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			for event := range watch.ResultChan() {
				if pod, ok := event.Object.(*corev1.Pod); ok && tt.want(pod.Status) {
					return
				}
			}
			t.Error("the pod never came to be as it should")
		})
	}
}

func TestKubeComesBackWithItsState(t *testing.T) {
	cluster := testbed.OwnKube(t)
	client, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	maps := client.CoreV1().ConfigMaps("default")
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}, Data: map[string]string{"a": "b"}}
	if _, err := maps.Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	cluster.Shutdown()
	if _, err := maps.Get(t.Context(), "kept", metav1.GetOptions{}); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after Shutdown: got %v, want that the connection is refused", err)
	}
	if err := cluster.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, err := maps.Get(t.Context(), "kept", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(object.Data, kept.Data); diff != "" {
		t.Errorf("data after Restart (-want +got):\n%s", diff)
	}

	if err := cluster.Pause(); err != nil {
		t.Fatal(err)
	}
	// A busy machine takes its time to stop all threads.
	for tries := 100; ; tries-- {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err := maps.Get(ctx, "kept", metav1.GetOptions{})
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err != nil || tries == 0 {
			t.Fatalf("while it is suspended: got %v, want no answer", err)
		}
	}
	if err := cluster.Resume(); err != nil {
		t.Fatal(err)
	}
	if _, err := maps.Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("after Resume: %v", err)
	}
}
