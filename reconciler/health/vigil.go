package health

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// vigil is one wait: what its watches have shown so far.
type vigil struct {
	*Waiter
	rules   *Rules
	start   func(func(context.Context))   // runs a watch beside the wait, until the wait ends
	changed chan struct{}                 // holds a token when something changed since the last report
	kinds   map[schema.GroupKind]struct{} // to be watched

	mu         sync.Mutex
	targets    map[inventory.ObjectRef]*target
	namespaces map[string]struct{} // whose Pods are watched
	troubled   map[types.UID]*podTrouble
	replicas   map[types.UID]replicaSet // as looked up, by UID
}

// target is one object waited for.
type target struct {
	health   Health
	applied  string                     // resource version; older states aren't believed
	workload *unstructured.Unstructured // the live object, while its Pods tell more than it does
}

// podTrouble is one Pod that is in trouble.
type podTrouble struct {
	Trouble
	namespace string
	pod       types.UID
	owner     *metav1.OwnerReference
	revision  string // label controller-revision-hash, of StatefulSets' Pods
	template  string // label pod-template-generation, of DaemonSets' Pods
	since     time.Time
}

func newVigil(w *Waiter, request Request, start func(func(context.Context))) *vigil {
	v := &vigil{
		Waiter: w, rules: request.Rules, start: start, changed: make(chan struct{}, 1),
		kinds: make(map[schema.GroupKind]struct{}), targets: make(map[inventory.ObjectRef]*target, len(request.Targets)),
		namespaces: make(map[string]struct{}), troubled: make(map[types.UID]*podTrouble), replicas: make(map[types.UID]replicaSet),
	}
	for _, wanted := range request.Targets {
		health := Health{Ref: wanted.Ref, Status: InProgress, Message: "not seen yet"}
		if lacksStatus(wanted.Ref) && !request.Rules.has(wanted.Ref.GroupKind()) {
			health.Status, health.Message = Current, "Resource is current"
		} else {
			v.kinds[wanted.Ref.GroupKind()] = struct{}{}
		}
		v.targets[wanted.Ref.Identity()] = &target{health: health, applied: wanted.ResourceVersion}
	}
	return v
}

func (v *vigil) report() Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	report := Report{Objects: make([]Health, 0, len(v.targets))}
	for _, t := range v.targets {
		report.Objects = append(report.Objects, v.judge(t))
	}
	report.sort()
	return report
}

// judge lets a Pod's trouble, when it lasts, overrule a workload that believes to be in progress.
func (v *vigil) judge(t *target) Health {
	if t.workload == nil || t.health.Status != InProgress {
		return t.health
	}
	for _, p := range v.troubled {
		if time.Since(p.since) >= v.grace && v.belongs(p, t.workload) {
			return Health{Ref: t.health.Ref, Status: Failed, Reason: p.Reason, Message: p.Message}
		}
	}
	return t.health
}

// signal wakes the wait.
func (v *vigil) signal() {
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

// objects reads one kind of the set's objects.
type objects struct {
	*vigil
	kind schema.GroupKind
}

// Listed takes in all objects of the kind; those that aren't listed aren't there.
func (o *objects) Listed(list []metav1.Object, version string) {
	listed := make(map[inventory.ObjectRef]bool, len(list))
	for _, live := range list {
		listed[o.identity(live)] = true
		o.Seen(live)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for identity, t := range o.targets {
		if identity.GroupKind() == o.kind && !listed[identity] && !older(version, t.applied) {
			t.miss()
		}
	}
	o.signal()
}

// Seen takes in one object.
func (o *objects) Seen(live metav1.Object) {
	object, ok := live.(*unstructured.Unstructured)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.targets[o.identity(live)]
	if t == nil || older(live.GetResourceVersion(), t.applied) {
		return
	}
	ref := t.health.Ref
	t.health = o.rules.Compute(object)
	t.health.Ref = ref
	t.workload = nil
	if t.health.Status == InProgress && runsPods(o.kind) {
		t.workload = object
		o.watchPods(object.GetNamespace())
	}
	o.signal()
}

// Gone takes in that an object is there no more.
func (o *objects) Gone(live metav1.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.targets[o.identity(live)]; t != nil && !older(live.GetResourceVersion(), t.applied) {
		t.miss()
		o.signal()
	}
}

func (o *objects) identity(live metav1.Object) inventory.ObjectRef {
	return inventory.ObjectRef{Group: o.kind.Group, Kind: o.kind.Kind, Namespace: live.GetNamespace(), Name: live.GetName()}
}

func (t *target) miss() {
	t.health = Health{Ref: t.health.Ref, Status: NotFound, Message: "it isn't in the cluster"}
	t.workload = nil
}

// older reports whether resource version a is certainly from before b.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}
