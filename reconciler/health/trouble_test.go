package health_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/towline-dev/towline/reconciler/health"
)

func waiting(reason string, restarts int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "app", RestartCount: restarts, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "the kubelet's words"}}}
}

func unmet(kind corev1.PodConditionType, reason, message string) []corev1.PodCondition {
	return []corev1.PodCondition{{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message}}
}

func TestPodTrouble(t *testing.T) {
	crashed, silent := waiting("CrashLoopBackOff", 4), waiting("InvalidImageName", 0)
	crashed.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 3}
	silent.State.Waiting.Message = ""
	running := corev1.ContainerStatus{Name: "other", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	ended := corev1.ContainerStatus{Name: "app", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Reason: "Error"}}}
	ready := []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	of := func(status ...corev1.ContainerStatus) corev1.PodStatus {
		return corev1.PodStatus{ContainerStatuses: status}
	}
	said := "Pod web-1, container app: the kubelet's words"
	tests := []struct {
		name   string
		status corev1.PodStatus
		want   health.Trouble
	}{
		{"no status yet", corev1.PodStatus{}, health.Trouble{}},
		{"running", of(running), health.Trouble{}},
		{"ready, with a sidecar that crashed once", corev1.PodStatus{Conditions: ready, ContainerStatuses: of(waiting("CrashLoopBackOff", 1)).ContainerStatuses}, health.Trouble{}},
		{"done", corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: of(ended).ContainerStatuses}, health.Trouble{}},
		{"starting", of(waiting("ContainerCreating", 0)), health.Trouble{Reason: "ContainerCreating", Message: said, Severity: health.Notable}},
		{"crashed once", of(waiting("CrashLoopBackOff", 1)), health.Trouble{Reason: "CrashLoopBackOff", Message: said, Severity: health.Notable}},
		{"image", of(running, waiting("ErrImagePull", 0)), health.Trouble{Reason: "ErrImagePull", Message: said, Severity: health.Hopeless}},
		{"image of an init container", corev1.PodStatus{InitContainerStatuses: of(waiting("ImagePullBackOff", 0)).ContainerStatuses, ContainerStatuses: of(waiting("PodInitializing", 0)).ContainerStatuses},
			health.Trouble{Reason: "ImagePullBackOff", Message: said, Severity: health.Hopeless}},
		{"configuration", of(waiting("CreateContainerConfigError", 0)), health.Trouble{Reason: "CreateContainerConfigError", Message: said, Severity: health.Hopeless}},
		{"crash loop", of(crashed), health.Trouble{Reason: "CrashLoopBackOff", Message: said + " (exit code 3, 4 restarts)", Severity: health.Hopeless}},
		{"without words", of(silent), health.Trouble{Reason: "InvalidImageName", Message: "Pod web-1, container app", Severity: health.Hopeless}},
		{"no room", corev1.PodStatus{Conditions: unmet(corev1.PodScheduled, "Unschedulable", "0/1 nodes are available")},
			health.Trouble{Reason: "Unschedulable", Message: "Pod web-1: 0/1 nodes are available", Severity: health.Patient}},
		{"held back", corev1.PodStatus{Conditions: unmet(corev1.PodScheduled, "SchedulingGated", "gates")}, health.Trouble{Reason: "SchedulingGated", Message: "Pod web-1: gates", Severity: health.Notable}},
		{"a probe fails", corev1.PodStatus{ContainerStatuses: of(running).ContainerStatuses, Conditions: unmet(corev1.PodReady, "ContainersNotReady", "containers with unready status: [app]")},
			health.Trouble{Reason: "ContainersNotReady", Message: "Pod web-1: containers with unready status: [app]", Severity: health.Notable}},
		{"an init container takes its time", corev1.PodStatus{ContainerStatuses: of(waiting("PodInitializing", 0)).ContainerStatuses, Conditions: unmet(corev1.PodInitialized, "ContainersNotInitialized", "")},
			health.Trouble{Reason: "ContainersNotInitialized", Message: "Pod web-1: ContainersNotInitialized", Severity: health.Notable}},
		{"failed", corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: of(ended).ContainerStatuses},
			health.Trouble{Reason: "Error", Message: "Pod web-1, container app: Error (exit code 2)", Severity: health.Notable}},
		{"evicted", corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "low on memory"}, health.Trouble{Reason: "Evicted", Message: "Pod web-1 failed: low on memory", Severity: health.Notable}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-1"}, Status: test.status}
			got, troubled := health.PodTrouble(&pod)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("trouble (-want +got):\n%s", diff)
			}
			if troubled != (test.want != health.Trouble{}) {
				t.Errorf("troubled = %t", troubled)
			}
			pod.DeletionTimestamp = &metav1.Time{}
			if got, troubled := health.PodTrouble(&pod); troubled {
				t.Errorf("on its way out it is in trouble: %v", got)
			}
		})
	}
}
