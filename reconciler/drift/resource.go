package drift

import (
	"context"
	"strings"
	"unique"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// believed is how many refusals in a row are taken for the truth: with the pauses between them, six seconds' worth.
const believed = 6

// place is where an object of a known kind stands.
type place struct{ namespace, name string }

func key(ref inventory.ObjectRef) place {
	return place{namespace: ref.Namespace, name: ref.Name}
}

// resource is one kind of which objects were applied. The watcher's lock guards it.
type resource struct {
	kind    schema.GroupKind
	name    schema.GroupVersionResource
	objects map[place]*object
	reading *reading // the watch that counts; nil while there is none
	cancel  context.CancelFunc
	synced  bool   // that watch has shown all objects once
	refused int    // how often in a row the API server wouldn't let us watch
	absent  bool   // because it doesn't serve the kind at the moment
	newest  string // the newest resource version that was heard of
}

// ref names an object of the kind.
func (r *resource) ref(o *object) inventory.ObjectRef {
	return inventory.ObjectRef{Group: r.kind.Group, Version: o.apiVersion.Value(), Kind: r.kind.Kind, Namespace: o.namespace, Name: o.name}
}

// remember returns what is remembered of an object, from now on if nothing is so far. Its names are copied: they may be
// part of a manifest's text, which would be kept with them.
func (r *resource) remember(ref inventory.ObjectRef) *object {
	o := r.objects[key(ref)]
	if o == nil {
		o = &object{place: place{namespace: unique.Make(ref.Namespace).Value(), name: strings.Clone(ref.Name)}}
		r.objects[o.place] = o
	}
	o.apiVersion = unique.Make(ref.Version)
	return o
}

func (r *resource) stop() {
	if r.cancel != nil {
		r.cancel()
	}
	if r.reading != nil {
		r.reading.settle()
	}
	r.reading, r.cancel, r.synced, r.absent, r.refused = nil, nil, false, false, 0
}

// reading is one watch's [stream.Reader]. What comes from a watch that was stopped isn't listened to.
type reading struct {
	watcher  *Watcher
	resource *resource
	shown    chan struct{} // closed once all objects were shown, or it is plain that they won't be for now
	settled  bool          // shown is closed
}

func (r *reading) settle() {
	if !r.settled {
		r.settled = true
		close(r.shown)
	}
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
	r.resource.turnBack(version)
	listed := make(map[*object]bool, len(objects))
	for _, live := range objects {
		if o := r.object(live); o != nil {
			listed[o] = true
			r.resource.compare(r.watcher, o, live)
		}
	}
	for _, o := range r.resource.objects {
		if listed[o] {
			continue
		}
		o.gone(version)
		if r.resource.absent && o.trouble != nil {
			o.trouble.told = false // what was told before couldn't be healed
		}
		r.resource.schedule(r.watcher, o)
	}
	r.resource.synced, r.resource.absent, r.resource.refused = true, false, 0
	r.settle()
}

// turnBack notices that the cluster's state is an older one, restored from a backup. Then no resource version that is
// remembered says what is older.
func (r *resource) turnBack(version string) {
	if older(version, r.newest) {
		for _, o := range r.objects {
			o.base = ""
		}
	}
	r.newest = version
}

// compare looks for drift in what a watch shows of an object. Where an apply is under way, it may show more than that
// has answered yet: it is looked at again then.
func (r *resource) compare(w *Watcher, o *object, live metav1.Object) {
	o.heard = nil
	if o.writing > 0 {
		o.heard = live
	}
	r.key(o, live)
	if by := o.seen(live); by != "" {
		w.autoscaled(r, o, by)
	}
	r.schedule(w, o)
}

// Seen compares one object.
func (r *reading) Seen(live metav1.Object) {
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if o := r.object(live); o != nil {
		r.resource.newest, r.resource.refused = live.GetResourceVersion(), 0
		r.resource.compare(r.watcher, o, live)
	}
}

// Gone takes in that an object no longer is there, or no longer has any set's label.
func (r *reading) Gone(live metav1.Object) {
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if o := r.object(live); o != nil {
		r.resource.newest, r.resource.refused = live.GetResourceVersion(), 0
		o.gone(live.GetResourceVersion())
		r.resource.schedule(r.watcher, o)
	}
}

// broken hears why a list or a watch was refused. A kind that isn't served, or that we may not look at, holds nobody up.
// When it stays so, which an API server that has just started doesn't, its objects are written every time.
func (r *reading) broken(err error) {
	absent := apierrors.IsNotFound(err)
	if !absent && !apierrors.IsForbidden(err) && !apierrors.IsMethodNotSupported(err) {
		return
	}
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if r.resource.reading != r {
		return
	}
	r.resource.absent = absent
	r.resource.refused++
	if r.resource.refused >= believed {
		r.resource.synced = false
	}
	r.settle()
}

// trim cuts a listed object down to what a comparison needs. Other managers' fields are kept only where ours aren't as
// they were, to tell who took them. Our own always are: an object that isn't known here may have been applied by the time
// the list is complete.
func (r *reading) trim(live metav1.Object) {
	disabled := live.GetAnnotations()[reconcileAnnotation] == reconcileDisabled
	live.SetAnnotations(nil)
	if disabled {
		live.SetAnnotations(map[string]string{reconcileAnnotation: reconcileDisabled})
	}
	if set, ok := live.GetLabels()[apply.PartOfLabel]; ok {
		live.SetLabels(map[string]string{apply.PartOfLabel: set})
	}
	live.SetOwnerReferences(nil)
	live.SetFinalizers(nil)
	now := imprintOf(live)
	r.watcher.mu.Lock()
	defer r.watcher.mu.Unlock()
	if o := r.object(live); o != nil && o.differs(now) {
		return
	}
	var kept []metav1.ManagedFieldsEntry
	if entry := own(live); entry != nil {
		kept = append(kept, *entry)
	}
	live.SetManagedFields(kept)
}
