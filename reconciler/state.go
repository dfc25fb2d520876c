package reconciler

import (
	"maps"
	"slices"
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
	busy busy // is held by the worker, and by who writes down the last things at the end

	written v1.SyncStatus // the status as it was last written or read
	status  v1.SyncStatus // as it should be
	store   *inventory.Store

	done       attempt // the last attempt that needs no other
	tried      attempt // the last attempt at all
	course     *course // the attempt under way, where it waits between two steps
	generation int64   // of the Sync at the last look
	asked      string  // by annotation, at the last look
	inputs     inputs  // of the build
	inputsBad  bool    // Ready speaks of them
	recalled   bool    // the watches know what the inventory tells
	sent       sent    // in which form, object by object
	sum        string  // of what was applied whole last; empty after a start
	lent       bool    // the inventory still holds what another Sync is to take over
	ran        ran
	alarms     []*unstructured.Unstructured // hooks for when the set that is applied fails
	alarmed    string                       // the sum for which they ran
	lingering  lingering
	resaveAt   time.Time // when the inventory learns of heals; zero for never
	retry      backoff
	writes     backoff   // of the status
	writeAt    time.Time // when the status is written that may wait; zero for none
	retryAt    time.Time // when the failed attempt is made again; zero for not
	requested  request

	credentialsFailed time.Time // when the source's last poll was refused; zero for not
	sourceBad         bool      // Ready speaks of the source

	rules   *health.Rules   // how custom resources are judged
	rulesOf int64           // the generation that they were read of
	targets []health.Target // what must be healthy
	waiting *waiting        // the wait for health under way
	awaited string          // what it is for, as the conditions say it
	recheck backoff
	checkAt time.Time // when bad health is looked at again; zero for not

	shown map[string]string // the conditions that the metrics show: status by type

	said map[string]string // what was last said of each subject: no event, log line or commit status twice
}

// request is a person's wish, by annotation, that the source be asked now.
type request struct {
	value  string
	ticket int // the poll of the source that answers it
}

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
		st.waiting.end()
		st.waiting = nil
	}
	st.checkAt = time.Time{}
}

// abort ends the course under way, if there is one. What it did stands, and is in the
// inventory.
func (st *state) abort() {
	if st.course != nil {
		st.course = nil
		st.stopWaiting()
	}
}

// forgetDebts has nothing looked at or written down any more that could wait.
func (st *state) forgetDebts() {
	st.resaveAt, st.lingering = time.Time{}, lingering{again: st.lingering.again}
}

// rest forgets all that is under way and that the next look would go on from.
func (st *state) rest() {
	st.abort()
	st.stopWaiting()
	st.takeDrift()
	st.takeHealth()
	st.forgetDebts()
	st.retryAt, st.done, st.tried, st.sum, st.recalled = time.Time{}, attempt{}, attempt{}, "", false
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

func (s *states) all() []*state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.byKey))
}

func (s *states) ofSet(id string) *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bySet[id]
}
