package testbed

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Namespace makes a namespace that no other test uses, and returns its name. It
// is deleted after the test; nobody waits for that, as it takes ten seconds.
func (c *Cluster) Namespace(tb TB) string {
	tb.Helper()
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		tb.Fatalf("making a namespace: %v", err)
	}
	namespaces := client.CoreV1().Namespaces()
	name := UniqueName()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name,
		// Test names hold characters that labels may not.
		Annotations: map[string]string{"towline.dev/test": tb.Name()},
	}}
	if _, err := namespaces.Create(tb.Context(), object, metav1.CreateOptions{}); err != nil {
		tb.Fatalf("making a namespace: %v", err)
	}
	tb.Cleanup(func() {
		// The test's own context is done by now.
		if err := namespaces.Delete(context.WithoutCancel(tb.Context()), name, metav1.DeleteOptions{}); err != nil {
			tb.Logf("deleting namespace %s: %v", name, err)
		}
	})
	if err := awaitServiceAccount(tb.Context(), client, name); err != nil {
		tb.Fatalf("waiting for the ServiceAccount of %s: %v", name, err)
	}
	return name
}

// awaitServiceAccount waits until the namespace has its default ServiceAccount:
// before that, pods are refused.
func awaitServiceAccount(ctx context.Context, client kubernetes.Interface, namespace string) error {
	accounts := client.CoreV1().ServiceAccounts(namespace)
	watch, err := accounts.Watch(ctx, metav1.SingleObject(metav1.ObjectMeta{Name: "default"}))
	if err != nil {
		return err
	}
	defer watch.Stop()
	// Without a version to start from, a watch begins with what is there.
	select {
	case event := <-watch.ResultChan():
		if _, ok := event.Object.(*corev1.ServiceAccount); !ok {
			return fmt.Errorf("the watch ended with %v", event)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
