package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// finalize ends a deleted Sync: its objects are deleted or left alone, as its
// deletion policy says, and the Sync is let go. Deleting a Sync is consent: no
// budget holds. What it lacks to delete its objects may never come back (its
// ServiceAccount, its rights, an API): then it says so and waits for a person, who
// can let it go by annotation.
func (w *work) finalize(ctx context.Context) {
	if !controllerutil.ContainsFinalizer(w.sync, v1.Finalizer) {
		return
	}
	w.sources.drop(w.st.key)
	w.st.stopWaiting()
	w.st.takeDrift()
	w.st.takeHealth()
	w.st.abort()
	w.st.forgetDebts()
	w.st.sent = sent{} // nothing is healed from here on
	if abandoned(w.sync) {
		w.abandon(ctx)
		return
	}
	if !w.st.retryAt.IsZero() {
		return
	}
	if f := w.dismantle(ctx); f != nil {
		if !f.stalled || !w.namespaceGoes(ctx) {
			w.later(ctx, f.reason, fmt.Errorf("%w (hint: to let the Sync go and leave its objects: kubectl annotate -n %s syncs.towline.dev/%s %s=true)",
				f.err, w.sync.Namespace, w.sync.Name, v1.AnnotationAbandon))
			return
		}
		w.Log.WarnContext(ctx, "Sync let go with its namespace, before all it owns was deleted", "sync", w.st.key.String(), "error", f.err)
	}
	w.release(ctx)
}

// release takes the finalizer off.
func (w *work) release(ctx context.Context) {
	w.watcher.ForgetSet(w.st.set)
	before := w.sync.DeepCopy()
	controllerutil.RemoveFinalizer(w.sync, v1.Finalizer)
	err := w.client.Patch(ctx, w.sync, client.MergeFrom(before), client.FieldOwner(apply.FieldManager))
	if err != nil && !apierrors.IsNotFound(err) {
		w.later(ctx, v1.ReasonFailed, fmt.Errorf("removing the finalizer: %w", err))
		return
	}
	w.Log.InfoContext(ctx, "Sync let go", "sync", w.st.key.String(), "deleted", deletes(w.sync))
}

// deletes tells whether the objects of a Sync go when it does.
func deletes(s *v1.Sync) bool {
	switch s.Spec.DeletionPolicy {
	case v1.DeletionDelete:
		return true
	case v1.DeletionOrphan:
		return false
	}
	return s.Spec.Prune
}

// namespaceGoes tells whether the Sync's namespace is being deleted. What the Sync
// needs to delete its objects, such as the rights of its ServiceAccount, may be gone
// before it and doesn't come back; the namespace would wait for the Sync for ever.
func (w *work) namespaceGoes(ctx context.Context) bool {
	var namespace corev1.Namespace
	err := w.server.Get(ctx, types.NamespacedName{Name: w.sync.Namespace}, &namespace)
	return err == nil && !namespace.DeletionTimestamp.IsZero()
}

// dismantle deletes all that the Sync owns, or disowns it. The inventory goes with
// the Sync, but not at once, and another Sync of its name may be there before that:
// so nothing that was let go may stand in it.
func (w *work) dismantle(ctx context.Context) *failure {
	owned, err := w.st.store.Load(ctx)
	switch {
	case errors.Is(err, inventory.ErrCorrupt) && !deletes(w.sync):
		return nil
	case errors.Is(err, inventory.ErrCorrupt):
		return fail(v1.ReasonPruneFailed, fmt.Errorf("what it owns can't be told: %w", err)).forGood()
	case err != nil:
		f := fail(v1.ReasonPruneFailed, err)
		f.stalled = apierrors.IsForbidden(err)
		return f
	case len(owned) == 0:
		return nil
	}
	var result apply.Result
	if deletes(w.sync) {
		others, unknown := w.elsewhere(ctx, inventory.Refs(owned), func(s *v1.Sync) snapshot {
			return w.sources.snapshotOf(client.ObjectKeyFromObject(s))
		})
		if unknown != nil && w.now.Before(w.sync.DeletionTimestamp.Add(w.sync.Spec.Timeout.Duration)) {
			return fail(v1.ReasonPruneFailed, fmt.Errorf("deleting %d objects: %w; they are deleted %s after the Sync was all the same",
				len(owned), unknown, w.sync.Spec.Timeout.Duration))
		}
		_, doomed := w.handOver(inventory.Refs(owned), others)
		applier, err := w.identities.of(w.sync)
		if err != nil {
			return fail(v1.ReasonPruneFailed, err).forGood()
		}
		limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
		defer cancel()
		result = applier.Prune(limited, apply.PruneRequest{ID: w.st.set, Refs: doomed, Owned: len(owned), Consent: true})
		w.metrics.did(result)
	}
	left := append(result.With(apply.Held, apply.Failed), unfinished(result)...)
	if err := w.st.store.Save(ctx, inventory.Settled(owned, inventory.Items(left))); err != nil {
		return fail(v1.ReasonPruneFailed, err)
	}
	w.st.status.Inventory = summarise(left)
	if len(left) == 0 {
		return nil
	}
	f := fail(v1.ReasonPruneFailed, fmt.Errorf("deleting %d of %d objects: %w", len(left), len(owned), why(result)))
	f.stalled = !slices.ContainsFunc(result.Outcomes, func(o apply.Outcome) bool { return o.Err != nil && !permanent(o.Err) })
	return f
}

// unfinished gives what is on its way out, or waits for that, and would be orphaned by
// whoever doesn't wait for it. A namespace that was asked to go does so by itself.
func unfinished(result apply.Result) []inventory.ObjectRef {
	var refs []inventory.ObjectRef
	for _, o := range result.Outcomes {
		byItself := o.UID != "" && o.Ref.GroupKind() == schema.GroupKind{Kind: "Namespace"}
		if o.Action == apply.Pending && !byItself {
			refs = append(refs, o.Ref)
		}
	}
	return refs
}

// why tells of the errors or, where there are none, of what holds objects.
func why(result apply.Result) error {
	if result.Count(apply.Failed) > 0 {
		return some(result)
	}
	var texts []string
	for _, o := range result.Outcomes {
		if o.Action == apply.Pending {
			texts = append(texts, fmt.Sprintf("%s: %s", o.Ref, o.Reason))
		}
	}
	return errors.New(strings.Join(first(texts, shownErrors), "; "))
}
