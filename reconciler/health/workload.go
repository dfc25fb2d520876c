package health

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// revisionAnnotation numbers a Deployment's revisions: on the Deployment the newest, on each ReplicaSet its own.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// templateAnnotation and templateLabel number a DaemonSet's revisions, on it the newest, on each Pod its own.
const (
	templateAnnotation = "deprecated.daemonset.template.generation"
	templateLabel      = "pod-template-generation"
)

// revisionLabel names the revision of a StatefulSet's or a DaemonSet's Pod.
const revisionLabel = "controller-revision-hash"

// workload is what of an object that runs Pods is needed to know its Pods, and the revision that they must have.
type workload struct {
	uid      types.UID
	observed bool   // its controller has seen its newest spec
	update   string // revision of a StatefulSet
	template string // number of a DaemonSet's revision
	revision string // number of a Deployment's revision
	lacks    bool   // it has fewer Pods than it asks for, of whatever state
}

// pod is a Pod that isn't ready.
type pod struct {
	Trouble
	uid      types.UID
	name     string
	owner    types.UID
	update   string
	template string
	set      *replicaSet // where the owner is a ReplicaSet
	since    time.Time   // the trouble's severity holds
}

// replicaSet is what relates a ReplicaSet's Pods to their Deployment; empty until it is looked up.
type replicaSet struct {
	asked    time.Time
	owner    types.UID
	revision string
}

// runsPods reports whether objects of the kind become ready through Pods of theirs.
func runsPods(kind schema.GroupKind) bool {
	switch kind.Group {
	case "apps":
		return true
	case "batch":
		return kind.Kind == "Job"
	case "":
		return kind.Kind == "ReplicationController"
	}
	return false
}

func readWorkload(object *unstructured.Unstructured) *workload {
	update, _, _ := unstructured.NestedString(object.Object, "status", "updateRevision")
	return &workload{
		uid: object.GetUID(), observed: observed(object), update: update,
		template: object.GetAnnotations()[templateAnnotation], revision: object.GetAnnotations()[revisionAnnotation],
		lacks: lacksPods(object),
	}
}

// lacksPods knows those kinds that don't say in their status why they have too few Pods.
func lacksPods(object *unstructured.Unstructured) bool {
	switch object.GetKind() {
	case "StatefulSet":
		return number(object, 0, "status", "replicas") < number(object, 1, "spec", "replicas")
	case "DaemonSet":
		return number(object, 0, "status", "currentNumberScheduled") < number(object, 0, "status", "desiredNumberScheduled")
	case "Job":
		return number(object, 0, "status", "active") == 0
	}
	return false
}

func readPod(live *corev1.Pod, trouble Trouble) *pod {
	p := &pod{Trouble: trouble, uid: live.UID, name: live.Name, update: live.Labels[revisionLabel], template: live.Labels[templateLabel]}
	if owner := metav1.GetControllerOf(live); owner != nil {
		p.owner = owner.UID
	}
	return p
}

// runs reports whether a Pod is one of those that the workload's newest revision runs. Pods of an older revision, on
// their way out, don't speak for the new one; and before the workload's controller has looked at the new one, it can't be
// told which is which.
func (w *workload) runs(p *pod) bool {
	switch {
	case p.owner == "" || !w.observed:
		return false
	case p.owner == w.uid:
		return same(w.update, p.update) && same(w.template, p.template)
	}
	return p.set != nil && p.set.owner == w.uid && p.set.revision == w.revision
}

// same compares two words for a revision, of which a kind may lack either.
func same(newest, of string) bool {
	return newest == "" || of == "" || newest == of
}
