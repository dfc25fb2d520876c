package reconciler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/applyset"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// recallWithin bounds the wait for the watches of what a Sync owns after a start. What
// they don't show by then is applied again, which harms nobody.
const recallWithin = 10 * time.Second

// recall gives what the Sync owns. The first time after a start the watches learn from
// it how each object was left, so that what still stands so costs no request.
func (w *work) recall(ctx context.Context) ([]inventory.Item, error) {
	owns := len(w.st.status.Inventory) > 0
	if !owns && !controllerutil.ContainsFinalizer(w.sync, v1.Finalizer) && w.st.retry.failures == 0 {
		// Nothing was ever applied for it, so there is no inventory, unless of an earlier
		// Sync of its name: then the first save fails, and this look is made.
		w.st.recalled = true
		return nil, nil
	}
	restored, err := w.st.store.Restore(ctx, owns, func(ctx context.Context) ([]inventory.ObjectRef, error) {
		return w.finder.Find(ctx, w.st.set, applyset.Kinds(w.sync.Annotations))
	})
	if err != nil {
		return nil, err
	}
	if restored.Loss != "" {
		w.say(ctx, "inventory", restored.Loss, event{warning, v1.ReasonInventoryFailed, fmt.Sprintf(
			"the inventory was lost and is made anew of %d objects that carry this Sync's label (%s)", len(restored.Items), restored.Loss)})
	}
	if w.st.recalled {
		return restored.Items, nil
	}
	w.watcher.Recall(w.st.set, restored.Items, func(ref inventory.ObjectRef) (schema.GroupVersionResource, bool) {
		mapping, err := w.identities.mapper.Mapping(ctx, ref.GroupKind(), ref.Version)
		if err != nil {
			return schema.GroupVersionResource{}, false
		}
		return mapping.Resource, true
	})
	limited, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	if err := w.watcher.AwaitSync(limited); err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "awaiting the watches", "sync", w.st.key.String(), "error", err)
	}
	w.st.recalled = true
	return restored.Items, nil
}

// claim puts on the Sync what it carries while it owns refs, where that differs: our
// finalizer, and what makes it the parent of its apply set. That is written before
// the first of them is applied, and again after the last of a kind is gone.
func (w *work) claim(ctx context.Context, refs []inventory.ObjectRef) error {
	if other := applyset.Foreign(w.sync.Annotations); other != "" {
		return fmt.Errorf("the Sync is the parent of an apply set of %s (hint: remove its annotation %s)", other, applyset.ToolingAnnotation)
	}
	parent := applyset.Describe(parentRef(w.sync), refs)
	if parent.On(w.sync.Labels, w.sync.Annotations) && controllerutil.ContainsFinalizer(w.sync, v1.Finalizer) {
		return nil
	}
	before := w.sync.DeepCopy()
	w.sync.Labels, w.sync.Annotations = with(w.sync.Labels, parent.Labels), with(w.sync.Annotations, parent.Annotations)
	controllerutil.AddFinalizer(w.sync, v1.Finalizer)
	err := w.client.Patch(ctx, w.sync, client.MergeFrom(before), client.FieldOwner(apply.FieldManager))
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("marking the Sync: it was deleted: %w", err)
	}
	if err != nil {
		return fmt.Errorf("marking the Sync as the parent of its objects: %w", err)
	}
	return nil
}

func with(all, more map[string]string) map[string]string {
	joined := maps.Clone(all)
	if joined == nil {
		joined = map[string]string{}
	}
	maps.Copy(joined, more)
	return joined
}

func parentRef(s *v1.Sync) inventory.ObjectRef {
	return inventory.ObjectRef{Group: v1.Group, Version: v1.Version, Kind: v1.Kind, Namespace: s.Namespace, Name: s.Name}
}

// coming gives what a plan is about to make of its objects: what stands in that form
// already keeps what the inventory knows of it.
func (w *work) coming(plan *apply.Plan) []inventory.Item {
	items, forms := inventory.Items(plan.Refs()), plan.Forms()
	for i := range items {
		if form, ok := forms[items[i].Identity()]; ok {
			items[i].Form = w.watcher.Form(items[i].ObjectRef, form)
		}
	}
	return items
}

// found gives those of refs that an inventory doesn't remember but that were found by
// their label after it was lost: a person may have let them go.
func found(owned []inventory.Item, refs []inventory.ObjectRef) []inventory.ObjectRef {
	unsure := map[inventory.ObjectRef]bool{}
	for _, item := range owned {
		if item.Found {
			unsure[item.Identity()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(refs), func(ref inventory.ObjectRef) bool { return !unsure[ref.Identity()] })
}
