package drift

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// place is where an object of a known kind stands.
type place struct{ namespace, name string }

func key(ref inventory.ObjectRef) place {
	return place{namespace: ref.Namespace, name: ref.Name}
}

// resource is one kind of which objects were applied. The watcher's lock guards it.
type resource struct {
	name    schema.GroupVersionResource
	objects map[place]*object
	reading *reading // the watch that counts; nil while there is none
	cancel  context.CancelFunc
	synced  bool // that watch has shown all objects once
}

func (r *resource) stop() {
	if r.cancel != nil {
		r.cancel()
	}
	if r.reading != nil && !r.synced {
		close(r.reading.shown)
	}
	r.reading, r.cancel, r.synced = nil, nil, false
}

// reading is one watch's [stream.Reader]. What comes from a watch that was stopped isn't listened to.
type reading struct {
	watcher  *Watcher
	resource *resource
	shown    chan struct{} // closed once all objects were shown
}

// object returns what is remembered of a live object; nil where it is none of ours. The caller holds the lock.
func (r *reading) object(live metav1.Object) *object {
	if r.resource.reading != r {
		return nil
	}
	return r.resource.objects[place{namespace: live.GetNamespace(), name: live.GetName()}]
}

// Listed compares all objects, and takes those that aren't listed for gone.
func (r *reading) Listed(objects []metav1.Object, version string) {
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if r.resource.reading != r {
		return
	}
	listed := make(map[*object]bool, len(objects))
	for _, live := range objects {
		if o := r.object(live); o != nil {
			listed[o] = true
			o.seen(live)
			r.watcher.schedule(o)
		}
	}
	for _, o := range r.resource.objects {
		if !listed[o] {
			o.gone(version)
			r.watcher.schedule(o)
		}
	}
	if !r.resource.synced {
		r.resource.synced = true
		close(r.shown)
	}
}

// Seen compares one object.
func (r *reading) Seen(live metav1.Object) {
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if o := r.object(live); o != nil {
		o.seen(live)
		r.watcher.schedule(o)
	}
}

// Gone takes in that an object no longer is there, or no longer has any set's label.
func (r *reading) Gone(live metav1.Object) {
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if o := r.object(live); o != nil {
		o.gone(live.GetResourceVersion())
		r.watcher.schedule(o)
	}
}

// trim cuts a listed object down to what a comparison needs. Other managers' fields are kept only where ours aren't as
// they were, to tell who took them. Our own always are: an object that isn't known here may have been applied by the time
// the list is complete.
func (r *reading) trim(live metav1.Object) {
	live.SetAnnotations(nil)
	live.SetOwnerReferences(nil)
	live.SetFinalizers(nil)
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if o := r.object(live); o != nil && ownFields(live) != o.fields.Value() {
		return
	}
	var kept []metav1.ManagedFieldsEntry
	if entry := own(live); entry != nil {
		kept = append(kept, *entry)
	}
	live.SetManagedFields(kept)
}
