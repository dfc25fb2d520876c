package health

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Status is an object's health, in kstatus's words.
type Status string

// The statuses.
const (
	Current     Status = "Current"     // it is what its spec asks for
	InProgress  Status = "InProgress"  // it is on the way there
	Failed      Status = "Failed"      // it won't get there as it is
	Terminating Status = "Terminating" // it is being deleted
	NotFound    Status = "NotFound"    // it isn't in the cluster
	Unknown     Status = "Unknown"     // its status can't be read
)

// Health is one object's health.
type Health struct {
	Ref     inventory.ObjectRef
	Status  Status
	Reason  string // a word for a condition, such as "ImagePullBackOff"; may be empty
	Message string // for a person; may be empty
}

// Compute returns the health of a live object by its own status alone. In one point it differs from kstatus: a Job is
// Current when it is complete, not when it has started, so that a failed migration is noticed.
func Compute(object *unstructured.Unstructured) Health {
	health := Health{Ref: inventory.RefOf(object)}
	if health.Ref.Group == "batch" && health.Ref.Kind == "Job" {
		return computeJob(object, health)
	}
	result, err := status.Compute(object)
	if err != nil {
		health.Status, health.Message = Unknown, fmt.Sprintf("reading its status: %v", err)
		return health
	}
	health.Status, health.Message = Status(result.Status), result.Message
	if len(result.Conditions) > 0 {
		health.Reason = result.Conditions[0].Reason
	}
	return health
}

func computeJob(object *unstructured.Unstructured, health Health) Health {
	if object.GetDeletionTimestamp() != nil {
		health.Status, health.Message = Terminating, "Resource scheduled for deletion"
		return health
	}
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

// lacksStatus reports whether objects of the kind are Current as soon as they exist, so that there is nothing to watch.
func lacksStatus(ref inventory.ObjectRef) bool {
	switch ref.Group {
	case "":
		switch ref.Kind {
		case "ConfigMap", "Secret", "ServiceAccount", "LimitRange":
			return true
		}
	case "rbac.authorization.k8s.io", "admissionregistration.k8s.io", "scheduling.k8s.io", "node.k8s.io":
		return true
	case "networking.k8s.io":
		return ref.Kind == "NetworkPolicy" || ref.Kind == "IngressClass"
	case "storage.k8s.io":
		return ref.Kind == "StorageClass"
	}
	return false
}
