package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
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
	// Not of the cache: it may not know yet of a Sync that came with the same commit.
	var all v1.SyncList
	if err := w.reader.List(ctx, &all, client.InNamespace(w.sync.Namespace)); err != nil {
		return nil, fmt.Errorf("listing Syncs: %w", err)
	}
	found := map[inventory.ObjectRef]types.NamespacedName{}
	var unknown error
	for i := range all.Items {
		other := &all.Items[i]
		key := client.ObjectKeyFromObject(other)
		if key == w.st.key || !other.DeletionTimestamp.IsZero() || !sameSource(w.sync, other) {
			continue
		}
		objects, err := w.wants(ctx, other, at(other))
		if err != nil {
			unknown = cmp.Or[error](unknown, &unknownWants{sync: key, err: err})
			continue
		}
		mark(found, refs, objects, key, cmp.Or(other.Spec.TargetNamespace, other.Namespace))
	}
	return found, unknown
}

// wants gives what another Sync makes of a snapshot.
func (w *work) wants(ctx context.Context, other *v1.Sync, source snapshot) ([]*unstructured.Unstructured, error) {
	files, err := source.files()
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(files, cmp.Or(other.Spec.Source.Path, ".")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	asOther := &work{controller: w.controller, sync: other, st: &state{}, now: w.now}
	in, err := asOther.inputs(ctx)
	if err != nil {
		return nil, err
	}
	options, err := asOther.options(ctx, in)
	if err != nil {
		return nil, err
	}
	rendered, err := w.Builder.Render(ctx, build.Request{Files: files, Dir: other.Spec.Source.Path, Options: options})
	if errors.Is(err, build.ErrEmpty) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return rendered.Objects()
}

// mark notes which of refs are among the objects of a Sync. An object that names no
// namespace goes into the given one, unless its kind has none.
func mark(found map[inventory.ObjectRef]types.NamespacedName, refs []inventory.ObjectRef, objects []*unstructured.Unstructured, by types.NamespacedName, namespace string) {
	type name struct{ group, kind, namespace, name string }
	wanted := make(map[name]bool, 2*len(objects))
	for _, o := range objects {
		kind := o.GroupVersionKind()
		wanted[name{kind.Group, kind.Kind, cmp.Or(o.GetNamespace(), namespace), o.GetName()}] = true
		wanted[name{kind.Group, kind.Kind, "", o.GetName()}] = true
	}
	for _, ref := range refs {
		if wanted[name{ref.Group, ref.Kind, ref.Namespace, ref.Name}] {
			found[ref.Identity()] = by
		}
	}
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
