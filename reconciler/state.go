package reconciler

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// state is what is remembered of one Sync between two looks at it. Only the
// worker that has the Sync at hand touches it, the inbox excepted. Nothing in it
// is needed after a restart.
type state struct {
	key types.NamespacedName
	uid types.UID
	set string // ID of the apply set
	inbox

	written v1.SyncStatus // the status as it was last written or read
	status  v1.SyncStatus // as it should be
	store   *inventory.Store

	done       attempt   // the last attempt that needs no other
	tried      attempt   // the last attempt at all
	generation int64     // of the Sync at the last look
	rendered   *rendered // what the last successful build gave
	retry      backoff
	writes     backoff   // of the status
	retryAt    time.Time // when the failed attempt is made again; zero for not
	requested  request

	credentialsFailed time.Time // when the source's last poll was refused; zero for not
	sourceBad         bool      // Ready speaks of the source

	targets []health.Target // what must be healthy
	waiting *waiting        // the wait for health under way
	recheck backoff
	checkAt time.Time // when bad health is looked at again; zero for not

	said map[string]string // what was last said of each subject: no event, log line or commit status twice
}

// attempt is everything that decides what an attempt does. The same attempt is
// not made again unless it failed.
type attempt struct {
	revision   string
	generation int64
	requested  string
	consent    string
}

// request is a person's wish, by annotation, that the source be asked now.
type request struct {
	value  string
	ticket int // the poll of the source that answers it
}

// rendered is the outcome of a build.
type rendered struct {
	revision string
	objects  []*unstructured.Unstructured
}

// find gives the object that stands in the cluster as ref. A manifest may leave
// the namespace to the Sync, or name one for what is cluster-wide.
func (r *rendered) find(ref inventory.ObjectRef, namespace string) *unstructured.Unstructured {
	for _, object := range r.objects {
		own := inventory.RefOf(object)
		if own.Group != ref.Group || own.Kind != ref.Kind || own.Name != ref.Name {
			continue
		}
		if ref.Namespace == "" || ref.Namespace == own.Namespace || own.Namespace == "" && ref.Namespace == namespace {
			return object
		}
	}
	return nil
}

// waiting is a wait for health.
type waiting struct{ cancel func() }

// inbox holds what other goroutines have to say to the worker.
type inbox struct {
	mu      sync.Mutex
	drifted map[inventory.ObjectRef]drift.Event
	health  *verdict
}

// verdict is how a wait for health ended.
type verdict struct {
	of     *waiting
	report health.Report
	err    error
}

func (i *inbox) putDrift(e drift.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.drifted == nil {
		i.drifted = map[inventory.ObjectRef]drift.Event{}
	}
	i.drifted[e.Ref.Identity()] = e
}

func (i *inbox) takeDrift() map[inventory.ObjectRef]drift.Event {
	i.mu.Lock()
	defer i.mu.Unlock()
	taken := i.drifted
	i.drifted = nil
	return taken
}

func (i *inbox) putHealth(v *verdict) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.health = v
}

func (i *inbox) takeHealth() *verdict {
	i.mu.Lock()
	defer i.mu.Unlock()
	taken := i.health
	i.health = nil
	return taken
}

// stopWaiting ends the wait for health under way, if there is one.
func (st *state) stopWaiting() {
	if st.waiting != nil {
		st.waiting.cancel()
		st.waiting = nil
	}
	st.checkAt = time.Time{}
}

// states holds the state of every Sync, and finds the Sync of an apply set.
type states struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]*state
	bySet map[string]*state
}

func newStates() *states {
	return &states{byKey: map[types.NamespacedName]*state{}, bySet: map[string]*state{}}
}

// find gives the state of a Sync, and whether it is new. A Sync that was deleted
// and made again under its name is another one.
func (s *states) find(sync *v1.Sync, fresh func() *state) (st *state, replaced *state) {
	key := types.NamespacedName{Namespace: sync.Namespace, Name: sync.Name}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byKey[key]
	if known != nil && known.uid == sync.UID {
		return known, nil
	}
	st = fresh()
	s.byKey[key] = st
	s.bySet[st.set] = st
	return st, known
}

func (s *states) remove(key types.NamespacedName) *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.byKey[key]
	if st != nil {
		delete(s.byKey, key)
		delete(s.bySet, st.set)
	}
	return st
}

func (s *states) ofSet(id string) *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bySet[id]
}
