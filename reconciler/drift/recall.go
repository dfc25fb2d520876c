package drift

import (
	"encoding/base64"
	"unique"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Recall takes in what an earlier process recorded of a set's objects, and begins to watch their kinds. Once a kind's watch
// has shown all objects (see [Watcher.AwaitSync]), those that stand as they were left count as unchanged without a request
// for any of them; the others drifted. Items that lack a sum aren't recalled, so that they are applied again, and neither
// are those of kinds for which resourceOf knows no resource. What is remembered already isn't changed.
func (w *Watcher) Recall(set string, items []inventory.Item, resourceOf func(inventory.ObjectRef) (schema.GroupVersionResource, bool)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, item := range items {
		form, err := base64.RawURLEncoding.DecodeString(item.Form)
		if !item.Known() || err != nil || len(form) != len(apply.Digest{}) {
			continue
		}
		name, ok := resourceOf(item.ObjectRef)
		if !ok {
			continue
		}
		r := w.resource(name, item.ObjectRef)
		if r.objects[key(item.ObjectRef)] != nil {
			continue
		}
		o := r.remember(item.ObjectRef)
		o.set, o.form, o.recalled = unique.Make(set), apply.Digest(form), item.Fields
		o.keyed = r.secret()
	}
}

// Recorded returns, for each object that is given, what a later process can [Watcher.Recall]: without sums where the
// object isn't the set's, drifts, or is being written or deleted.
func (w *Watcher) Recorded(set string, refs []inventory.ObjectRef) []inventory.Item {
	w.mu.Lock()
	defer w.mu.Unlock()
	items := inventory.Items(refs)
	for i, ref := range refs {
		r := w.kinds[ref.GroupKind()]
		if r == nil {
			continue
		}
		o := r.objects[key(ref)]
		if o == nil || o.set.Value() != set || o.writing > 0 || !o.untouched() {
			continue
		}
		items[i].Form, items[i].Fields = r.kept(o), o.recalled
		if o.recalled == "" {
			items[i].Fields = o.imprint.sum()
		}
	}
	return items
}

// Form renders the form of an object as an inventory keeps it: 22 characters, or none for a Secret that isn't known yet.
func (w *Watcher) Form(ref inventory.ObjectRef, form apply.Digest) string {
	if ref.GroupKind() != secretKind() {
		return formSum(form)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.kinds[ref.GroupKind()]
	if r == nil || r.objects[key(ref)] == nil || r.objects[key(ref)].uid == "" {
		return ""
	}
	return formSum(keyed(form, r.objects[key(ref)].uid))
}

func formSum(form apply.Digest) string { return base64.RawURLEncoding.EncodeToString(form[:]) }
