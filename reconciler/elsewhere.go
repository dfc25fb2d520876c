package reconciler

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// unknownWants is a Sync of which can't be told what it wants.
type unknownWants struct {
	sync types.NamespacedName
	err  error
}

// Error implements error.
func (u *unknownWants) Error() string {
	return fmt.Sprintf("Sync %s of the same repository may have them now, but what it wants can't be told: %v", u.sync, u.err)
}

// Unwrap gives the cause.
func (u *unknownWants) Unwrap() error { return u.err }

// elsewhere gives those of refs, by identity, that another Sync of the same source wants,
// and that Sync. One commit may move an object from one folder to another, and nobody
// knows whose Sync sees it first: deleting the object before the other takes it over
// would lose what hangs on it, such as the data of a volume. So the others' folders are
// built, which mostly is remembered. at gives the snapshot that is asked.
//
// Only Syncs of the same namespace are asked: who may write one in another could keep in
// the cluster what its owners have taken out of Git, such as a right, by asking for it.
//
// Every Sync that can be told is asked, even where one can't: the error is an
// unknownWants.
func (w *work) elsewhere(ctx context.Context, refs []inventory.ObjectRef, at func(*v1.Sync) snapshot) (map[inventory.ObjectRef]types.NamespacedName, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	now, err := w.roster.of(ctx, w.sync.Namespace)
	if err != nil {
		return nil, err
	}
	found := map[inventory.ObjectRef]types.NamespacedName{}
	var unknown error
	for _, other := range now.syncs {
		key := client.ObjectKeyFromObject(other)
		if key == w.st.key || !other.DeletionTimestamp.IsZero() || !sameSource(w.sync, other) {
			continue
		}
		theirs, err := w.wants(ctx, other, at(other), now.readings)
		if err != nil {
			unknown = cmp.Or[error](unknown, &unknownWants{sync: key, err: err})
			continue
		}
		for _, ref := range refs {
			if among(theirs, ref) {
				found[ref.Identity()] = key
			}
		}
	}
	return found, unknown
}

// handOver divides refs into those that another Sync wants, which are left to it, and the
// others. What is left stays as it is until the other takes it over.
func (w *work) handOver(refs []inventory.ObjectRef, to map[inventory.ObjectRef]types.NamespacedName) (handed, rest []inventory.ObjectRef) {
	for _, ref := range refs {
		if _, ok := to[ref.Identity()]; !ok {
			rest = append(rest, ref)
			continue
		}
		w.watcher.Forget(w.st.set, ref)
		handed = append(handed, ref)
	}
	return handed, rest
}

// snapshotOf gives what is known of a Sync's own source.
func (s *sources) snapshotOf(user types.NamespacedName) snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.users[user]; f != nil {
		return f.snapshot()
	}
	return snapshot{}
}
