package drift

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Begin implements [apply.Memory].
func (w *Watcher) Begin(set string, ref inventory.ObjectRef, form apply.Digest) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.kinds[ref.GroupKind()]
	if r == nil {
		return "", false
	}
	o := r.objects[key(ref)]
	if o == nil {
		return "", false
	}
	if r.synced && o.set.Value() == set && o.stands(form) && o.writing == 0 && o.untouched() {
		return o.version, true
	}
	o.writing++
	return o.version, false
}

// Done implements [apply.Memory].
func (w *Watcher) Done(set string, name schema.GroupVersionResource, ref inventory.ObjectRef, form apply.Digest, live *metav1.PartialObjectMetadata) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.kinds[ref.GroupKind()]
	if live == nil {
		if r != nil && r.objects[key(ref)] != nil {
			w.ended(r, r.objects[key(ref)])
		}
		return
	}
	r = w.resource(name, ref)
	o := r.remember(ref)
	r.key(o, live)
	o.applied(set, form, live)
	w.ended(r, o)
}

// resource returns the resource of an object, and begins to follow it, or does so in another version where the one so far
// doesn't answer. The caller holds the lock.
func (w *Watcher) resource(name schema.GroupVersionResource, ref inventory.ObjectRef) *resource {
	old := w.kinds[ref.GroupKind()]
	if old != nil && (old.synced || old.name == name) {
		return old
	}
	r := &resource{kind: ref.GroupKind(), name: name, objects: make(map[place]*object)}
	if old != nil {
		old.stop()
		r.objects = old.objects
	}
	w.kinds[ref.GroupKind()] = r
	w.watch(r)
	return r
}

// ended ends one write of an object and, when it was the last one under way, looks at what was heard in the meantime:
// it was compared with what stood before, and may well be what the write left.
func (w *Watcher) ended(r *resource, o *object) {
	o.writing = max(0, o.writing-1)
	if heard := o.heard; heard != nil && o.writing == 0 {
		r.compare(w, o, heard)
		return
	}
	r.schedule(w, o)
}

// Forget implements [apply.Memory].
func (w *Watcher) Forget(set string, ref inventory.ObjectRef) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.kinds[ref.GroupKind()]
	if r == nil {
		return
	}
	if o := r.objects[key(ref)]; o != nil && o.set.Value() == set {
		w.drop(r, o)
	}
}

// ForgetSet forgets all objects of a set: its Sync is gone, or suspended.
func (w *Watcher) ForgetSet(set string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.kinds {
		for _, o := range r.objects {
			if o.set.Value() == set {
				w.drop(r, o)
			}
		}
	}
}

// drop forgets an object, and stops following its kind when it was the last one.
func (w *Watcher) drop(r *resource, o *object) {
	o.calm()
	o.dropped = true
	delete(r.objects, o.place)
	if len(r.objects) == 0 {
		r.stop()
		delete(w.kinds, r.kind)
	}
}

// AwaitSync returns when every resource that is followed at the moment has shown all its objects once, or with ctx's
// cause. Before that, nothing counts as unchanged. A kind that isn't served, or that we may not look at, isn't waited for:
// its objects never count as unchanged.
func (w *Watcher) AwaitSync(ctx context.Context) error {
	for _, shown := range w.unsynced() {
		select {
		case <-shown:
		case <-ctx.Done():
			return fmt.Errorf("waiting for watches: %w", context.Cause(ctx))
		}
	}
	return nil
}

func (w *Watcher) unsynced() []chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	var shown []chan struct{}
	for _, r := range w.kinds {
		if !r.synced && r.reading != nil {
			shown = append(shown, r.reading.shown)
		}
	}
	return shown
}

// Watching returns how many objects are remembered, and how many resources are followed for them.
func (w *Watcher) Watching() (objects, resources int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.kinds {
		objects += len(r.objects)
	}
	return objects, len(w.kinds)
}
