package health

import (
	"cmp"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

func assessJob(object *unstructured.Unstructured, health Health) Health {
	var job batchv1.Job
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &job); err != nil {
		health.Status, health.Message = Unknown, fmt.Sprintf("reading its status: %v", err)
		return health
	}
	health.Status, health.Message = InProgress, fmt.Sprintf("%d Pods active, %d succeeded, %d failed", job.Status.Active, job.Status.Succeeded, job.Status.Failed)
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete, batchv1.JobSuspended:
			health.Status = Current
		case batchv1.JobFailed:
			health.Status = Failed
		default:
			continue
		}
		health.Reason = condition.Reason
		if condition.Message != "" {
			health.Message = condition.Message
		}
	}
	return health
}

func assessPod(object *unstructured.Unstructured, health Health) (Health, Trouble) {
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod); err != nil {
		health.Status, health.Message = Unknown, fmt.Sprintf("reading its status: %v", err)
		return health, Trouble{}
	}
	trouble, _ := PodTrouble(&pod)
	switch {
	case pod.Status.Phase == corev1.PodSucceeded:
		health.Status, health.Message = Current, "Pod has completed successfully"
	case pod.Status.Phase == corev1.PodFailed:
		health.Status, health.Reason, health.Message = Failed, trouble.Reason, trouble.Message
	case podReady(&pod):
		health.Status, health.Message = Current, "Pod is Ready"
	default:
		health.Status = InProgress
		if trouble == (Trouble{}) {
			health.Message = "Pod is " + cmp.Or(string(pod.Status.Phase), "not seen by the scheduler yet")
		}
	}
	return health, trouble
}

// assessDeployment judges a paused Deployment by its Pods: the conditions that kstatus goes by stand still meanwhile.
func assessDeployment(object *unstructured.Unstructured, health Health) (Health, Trouble) {
	if health.Status != InProgress {
		return health, Trouble{}
	}
	paused, _, _ := unstructured.NestedBool(object.Object, "spec", "paused")
	if !paused {
		return health, replicaFailure(object, health)
	}
	want := number(object, 1, "spec", "replicas")
	all, updated, available := number(object, 0, "status", "replicas"), number(object, 0, "status", "updatedReplicas"), number(object, 0, "status", "availableReplicas")
	if updated >= want && all <= updated && available >= updated {
		health.Status, health.Reason, health.Message = Current, "DeploymentPaused", fmt.Sprintf("Deployment is paused, and available. Replicas: %d", all)
		return health, Trouble{}
	}
	return health, Trouble{Reason: "DeploymentPaused", Message: "it is paused", Severity: Notable}
}

// replicaFailure gives what the API server said when it took no Pods: mostly that a quota is used up, which may pass.
func replicaFailure(object *unstructured.Unstructured, health Health) Trouble {
	if health.Status != InProgress {
		return Trouble{}
	}
	for _, c := range conditions(object) {
		if c.kind == "ReplicaFailure" && c.status == "True" {
			return Trouble{Reason: c.reason, Message: clip(c.message), Severity: Patient}
		}
	}
	return Trouble{}
}

// assessStatefulSet waits for the Pods of a StatefulSet that is updated by hand, of whichever revision they are.
func assessStatefulSet(object *unstructured.Unstructured, health Health) Health {
	if !onDelete(object) || health.Status != Current {
		return health
	}
	want, ready := number(object, 1, "spec", "replicas"), number(object, 0, "status", "readyReplicas")
	if ready < want {
		health.Status, health.Reason, health.Message = InProgress, "LessReady", fmt.Sprintf("Ready: %d/%d", ready, want)
	}
	return health
}

// assessDaemonSet doesn't wait for the new revision of a DaemonSet that is updated by hand: it comes when somebody
// deletes Pods, which nobody may.
func assessDaemonSet(object *unstructured.Unstructured, health Health) Health {
	want := number(object, -1, "status", "desiredNumberScheduled")
	if !onDelete(object) || health.Status != InProgress || want < 0 {
		return health
	}
	available := min(number(object, 0, "status", "currentNumberScheduled"), number(object, 0, "status", "numberAvailable"))
	if available < want {
		health.Reason, health.Message = "LessAvailable", fmt.Sprintf("Available: %d/%d", available, want)
		return health
	}
	health.Status, health.Reason, health.Message = Current, "", fmt.Sprintf("DaemonSet is updated by hand (OnDelete), and available. Replicas: %d", want)
	return health
}

func assessClaim(object *unstructured.Unstructured, health Health) Health {
	phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
	if phase == string(corev1.ClaimLost) {
		health.Status, health.Reason, health.Message = Failed, "ClaimLost", "PersistentVolumeClaim has lost its volume"
	}
	return health
}

func onDelete(object *unstructured.Unstructured) bool {
	strategy, _, _ := unstructured.NestedString(object.Object, "spec", "updateStrategy", "type")
	return strategy == "OnDelete"
}

// observed reports whether the object's controller has seen its newest spec. Those outside of apps don't all say.
func observed(object *unstructured.Unstructured) bool {
	seen, found, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if !found {
		return object.GroupVersionKind().Group != "apps"
	}
	return seen >= object.GetGeneration()
}

func number(object *unstructured.Unstructured, missing int64, path ...string) int64 {
	n, found, err := unstructured.NestedInt64(object.Object, path...)
	if err != nil || !found {
		return missing
	}
	return n
}
