package health

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

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
	// Trouble is how grave it is what keeps an object that is in progress.
	Trouble Severity
}

// Compute returns the health of a live object by its own status alone. It follows kstatus, and departs from it where
// kstatus lets failures pass or waits for what never comes: a Job is Current when it is complete, not when it has
// started; a Pod that failed has failed; and objects of apps are judged as `kubectl rollout status` does when they are
// paused or updated by hand (OnDelete).
func Compute(object *unstructured.Unstructured) Health {
	health, trouble := assess(object)
	return health.with(trouble, trouble.Severity == Hopeless)
}

// assess returns an object's health, and what its own status says of why it isn't there yet: how long that may last is
// for others to judge.
func assess(object *unstructured.Unstructured) (Health, Trouble) {
	health := Health{Ref: inventory.RefOf(object)}
	kind := health.Ref.GroupKind()
	if object.GetDeletionTimestamp() == nil {
		switch kind {
		case schema.GroupKind{Group: "batch", Kind: "Job"}:
			return assessJob(object, health), Trouble{}
		case schema.GroupKind{Kind: "Pod"}:
			return assessPod(object, health)
		}
	}
	result, err := status.Compute(object)
	if err != nil {
		health.Status, health.Message = Unknown, fmt.Sprintf("reading its status: %v", err)
		return health, Trouble{}
	}
	health.Status, health.Message = Status(result.Status), result.Message
	if len(result.Conditions) > 0 {
		health.Reason = result.Conditions[0].Reason
		if health.Status == Failed && result.Conditions[0].Message != "" {
			health.Message = result.Conditions[0].Message
		}
	}
	if health.Status == Terminating || !observed(object) {
		return health, Trouble{}
	}
	switch kind {
	case schema.GroupKind{Group: "apps", Kind: "Deployment"}:
		return assessDeployment(object, health)
	case schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}:
		return health, replicaFailure(object, health)
	case schema.GroupKind{Group: "apps", Kind: "StatefulSet"}:
		return assessStatefulSet(object, health), Trouble{}
	case schema.GroupKind{Group: "apps", Kind: "DaemonSet"}:
		return assessDaemonSet(object, health), Trouble{}
	case schema.GroupKind{Kind: "PersistentVolumeClaim"}:
		return assessClaim(object, health), Trouble{}
	}
	return health, Trouble{}
}

// with returns the health of an object in trouble; what is Current or gone stays that.
func (h Health) with(trouble Trouble, failed bool) Health {
	if trouble == (Trouble{}) || h.Status != InProgress {
		return h
	}
	if failed {
		return Health{Ref: h.Ref, Status: Failed, Reason: trouble.Reason, Message: trouble.Message}
	}
	message := trouble.Message
	if h.Message != "" {
		message = h.Message + "; " + message
	}
	return Health{Ref: h.Ref, Status: InProgress, Reason: trouble.Reason, Message: message, Trouble: trouble.Severity}
}

// lacksStatus reports whether objects of the kind are Current as soon as they exist, so that there is nothing to watch.
func lacksStatus(ref inventory.ObjectRef) bool {
	switch ref.Group {
	case "":
		switch ref.Kind {
		case "ConfigMap", "Secret", "ServiceAccount", "LimitRange", "ResourceQuota", "PodTemplate", "Endpoints",
			"Service": // it has its address when it is made
			return true
		}
	case "rbac.authorization.k8s.io", "admissionregistration.k8s.io", "scheduling.k8s.io", "node.k8s.io", "discovery.k8s.io":
		return true
	case "batch":
		return ref.Kind == "CronJob"
	case "networking.k8s.io":
		return ref.Kind == "NetworkPolicy" || ref.Kind == "IngressClass" || ref.Kind == "Ingress"
	case "storage.k8s.io":
		return ref.Kind == "StorageClass"
	}
	return false
}
