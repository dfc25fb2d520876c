package health

import (
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/towline-dev/towline/reconciler/apply"
)

// objectState is what is known of the objects of one kind: of each what its status came to, never the object itself.
type objectState struct {
	kind  schema.GroupKind
	rules *Rules

	mu      sync.Mutex
	listed  bool
	version string // the newest that was seen
	objects map[types.NamespacedName]*seen
	err     error // the API server can't be asked
	audience
}

// seen is one object.
type seen struct {
	version string
	uid     types.UID
	set     string
	health  Health
	trouble Trouble   // as its own status tells it
	since   time.Time // the trouble's severity holds
	work    *workload // while Pods may tell more than it does
	claim   *claim    // of a PersistentVolumeClaim that isn't bound
}

// claim is what tells whether a PersistentVolumeClaim waits for a Pod that uses it.
type claim struct {
	class     string
	scheduled bool // a Pod that uses it has been given a node
}

// selectedNode is put on a claim by the scheduler (k8s.io/component-helpers/storage/volume).
const selectedNode = "volume.kubernetes.io/selected-node"

func newObjectState(kind schema.GroupKind, rules *Rules) *objectState {
	return &objectState{kind: kind, rules: rules, objects: make(map[types.NamespacedName]*seen), audience: newAudience()}
}

// trim cuts off the bulk of a workload, which doesn't tell how it fares.
func (s *objectState) trim(live metav1.Object) {
	live.SetManagedFields(nil)
	if object, ok := live.(*unstructured.Unstructured); ok && s.rules == nil {
		unstructured.RemoveNestedField(object.Object, "spec", "template")
	}
}

func (s *objectState) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if (s.err == nil) != (err == nil) {
		s.tellAll()
	}
	s.err = err
}

// problem tells why what is known may be out of date, or nothing is.
func (s *objectState) problem() Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return Trouble{}
	}
	return Trouble{Reason: string(apierrors.ReasonForError(s.err)), Message: clip("it can't be watched: " + s.err.Error()), Severity: Notable}
}

// Listed takes in all objects of the kind; those that aren't listed aren't there.
func (s *objectState) Listed(list []metav1.Object, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed := make(map[types.NamespacedName]*seen, len(list))
	for _, live := range list {
		if one := s.read(live); one != nil {
			listed[nameOf(live)] = one
		}
	}
	s.objects, s.listed, s.version = listed, true, version
	s.tellAll()
}

// Seen takes in one object.
func (s *objectState) Seen(live metav1.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.read(live); one != nil {
		s.objects[nameOf(live)] = one
		s.advance(live.GetResourceVersion())
		s.tell(one.set)
	}
}

// Gone takes in that an object is there no more.
func (s *objectState) Gone(live metav1.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, nameOf(live))
	s.advance(live.GetResourceVersion())
	s.tell(live.GetLabels()[apply.PartOfLabel])
}

func (s *objectState) advance(version string) {
	if !older(version, s.version) {
		s.version = version
	}
}

// read judges an object. The caller holds the lock.
func (s *objectState) read(live metav1.Object) *seen {
	object, ok := live.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	one := &seen{version: live.GetResourceVersion(), uid: live.GetUID(), set: live.GetLabels()[apply.PartOfLabel], since: time.Now()}
	one.health, one.trouble = s.rules.assess(object)
	if before := s.objects[nameOf(live)]; before != nil && before.uid == one.uid && lasts(before.trouble, one.trouble) {
		one.since = before.since
	}
	if one.health.Status == InProgress && runsPods(s.kind) {
		one.work = readWorkload(object)
	}
	if s.kind == (schema.GroupKind{Kind: "PersistentVolumeClaim"}) && one.health.Status == InProgress {
		class, _, _ := unstructured.NestedString(object.Object, "spec", "storageClassName")
		_, scheduled := live.GetAnnotations()[selectedNode]
		one.claim = &claim{class, scheduled}
	}
	return one
}

// lasts reports whether a trouble is the earlier one still: the reasons of one severity may alternate, as ErrImagePull
// and ImagePullBackOff do.
func lasts(before, now Trouble) bool {
	return before != (Trouble{}) && now != (Trouble{}) && before.Severity == now.Severity
}

// find returns the object of a name, which must be in the state that was applied or a newer one. It is nil, and the
// second result true, where it is certain that there is none.
func (s *objectState) find(name types.NamespacedName, applied string) (*seen, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.objects[name]
	switch {
	case !s.listed:
		return nil, false
	case one != nil && !older(one.version, applied):
		return one, false
	case one == nil && !older(s.version, applied):
		return nil, true
	}
	return nil, false
}

func nameOf(live metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: live.GetNamespace(), Name: live.GetName()}
}

// older reports whether resource version a is certainly from before b.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}
