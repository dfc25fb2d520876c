package health

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
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

// replicaSet is what relates a ReplicaSet's Pods to their Deployment.
type replicaSet struct {
	owner    types.UID
	revision string
}

// runsPods reports whether objects of the kind become ready through Pods.
func runsPods(kind schema.GroupKind) bool {
	switch kind.Group {
	case "apps":
		return true
	case "batch":
		return kind.Kind == "Job"
	case "":
		return kind.Kind == "Pod" || kind.Kind == "ReplicationController"
	}
	return false
}

// watchPods starts to watch a namespace's Pods, when that wasn't done yet. The caller holds the lock.
func (v *vigil) watchPods(namespace string) {
	if _, ok := v.namespaces[namespace]; ok {
		return
	}
	v.namespaces[namespace] = struct{}{}
	resource := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	v.run(resource, namespace, nil, &pods{v, namespace})
}

// pods reads the Pods of one namespace, and keeps those that are in trouble.
type pods struct {
	*vigil
	namespace string
}

// Listed takes in all Pods of the namespace.
func (p *pods) Listed(list []metav1.Object, _ string) {
	listed := make(map[types.UID]bool, len(list))
	for _, live := range list {
		listed[live.GetUID()] = true
		p.Seen(live)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for uid, trouble := range p.troubled {
		if trouble.namespace == p.namespace && !listed[uid] {
			delete(p.troubled, uid)
		}
	}
	p.signal()
}

// Seen takes in one Pod.
func (p *pods) Seen(live metav1.Object) {
	object, ok := live.(*unstructured.Unstructured)
	if !ok {
		return
	}
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod); err != nil {
		return // a Pod that this version can't read tells nothing
	}
	trouble, ok := PodTrouble(&pod)
	if !ok {
		p.Gone(live)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.troubled[pod.UID]
	if known == nil {
		owner := metav1.GetControllerOf(&pod)
		p.lookUp(owner)
		known = &podTrouble{
			namespace: pod.Namespace, pod: pod.UID, owner: owner, since: time.Now(),
			revision: pod.Labels["controller-revision-hash"], template: pod.Labels[templateLabel],
		}
		p.troubled[pod.UID] = known
		if p.grace > 0 {
			time.AfterFunc(p.grace, p.signal)
		}
	}
	known.Trouble = trouble
	p.signal()
}

// Gone takes in that a Pod is deleted, or out of trouble.
func (p *pods) Gone(live metav1.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.troubled[live.GetUID()]; ok {
		delete(p.troubled, live.GetUID())
		p.signal()
	}
}

// lookUp asks, once, which Deployment a ReplicaSet belongs to. What can't be told leaves the Deployment to its own status.
// The caller holds the lock.
func (p *pods) lookUp(owner *metav1.OwnerReference) {
	if owner == nil || owner.Kind != "ReplicaSet" {
		return
	}
	if _, known := p.replicas[owner.UID]; known {
		return
	}
	p.replicas[owner.UID] = replicaSet{}
	p.start(func(ctx context.Context) {
		found, err := p.replicaSet(ctx, p.namespace, owner)
		if err != nil {
			p.log.DebugContext(ctx, "a Pod's ReplicaSet can't be read", "error", err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.replicas[owner.UID] = found
		p.signal()
	})
}

func (v *vigil) replicaSet(ctx context.Context, namespace string, owner *metav1.OwnerReference) (replicaSet, error) {
	resource := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	live, err := v.client.Resource(resource).Namespace(namespace).Get(ctx, owner.Name, metav1.GetOptions{})
	if err != nil {
		return replicaSet{}, fmt.Errorf("reading ReplicaSet %s/%s: %w", namespace, owner.Name, err)
	}
	found := replicaSet{revision: live.GetAnnotations()[revisionAnnotation]}
	if deployment := metav1.GetControllerOf(live); deployment != nil {
		found.owner = deployment.UID
	}
	return found, nil
}

// belongs reports whether a Pod is one of those that the workload's newest revision runs. Pods of an older revision, on
// their way out, don't speak for the new one; and before the workload's controller has looked at the new one, it can't be
// told which is which.
func (v *vigil) belongs(p *podTrouble, workload *unstructured.Unstructured) bool {
	uid := workload.GetUID()
	switch {
	case p.pod == uid:
		return true
	case p.owner == nil || !observed(workload):
		return false
	case p.owner.UID == uid:
		newest, _, _ := unstructured.NestedString(workload.Object, "status", "updateRevision")
		return same(newest, p.revision) && same(workload.GetAnnotations()[templateAnnotation], p.template)
	}
	set, ok := v.replicas[p.owner.UID]
	return ok && set.owner == uid && set.revision == workload.GetAnnotations()[revisionAnnotation]
}

// observed reports whether the workload's controller has seen its newest spec. Jobs don't say, and needn't: their Pods
// can't be changed.
func observed(workload *unstructured.Unstructured) bool {
	seen, found, _ := unstructured.NestedInt64(workload.Object, "status", "observedGeneration")
	if !found {
		return workload.GroupVersionKind().Group != "apps"
	}
	return seen >= workload.GetGeneration()
}

// same compares two words for a revision, of which a kind may lack either.
func same(newest, of string) bool {
	return newest == "" || of == "" || newest == of
}
