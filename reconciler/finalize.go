package reconciler

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// finalize ends a deleted Sync: its objects are deleted (prune: true) or left
// alone, and the Sync is let go. Deleting a Sync is consent: no budget holds.
func (w *work) finalize(ctx context.Context) {
	if !controllerutil.ContainsFinalizer(w.sync, v1.Finalizer) {
		return
	}
	w.sources.drop(w.st.key)
	w.st.stopWaiting()
	w.st.takeDrift()
	w.st.takeHealth()
	w.st.rendered = nil // nothing is healed from here on
	if !w.st.retryAt.IsZero() {
		return
	}
	if err := w.dismantle(ctx); err != nil {
		w.later(ctx, v1.ReasonPruneFailed, fmt.Errorf("%w (hint: to let the Sync go and leave its objects, set spec.prune to false)", err))
		return
	}
	w.watcher.ForgetSet(w.st.set)
	before := w.sync.DeepCopy()
	controllerutil.RemoveFinalizer(w.sync, v1.Finalizer)
	err := w.client.Patch(ctx, w.sync, client.MergeFrom(before), client.FieldOwner(apply.FieldManager))
	if err != nil && !apierrors.IsNotFound(err) {
		w.later(ctx, v1.ReasonFailed, fmt.Errorf("removing the finalizer: %w", err))
		return
	}
	w.Log.InfoContext(ctx, "Sync let go", "sync", w.st.key.String(), "pruned", w.sync.Spec.Prune)
}

// dismantle deletes all that the Sync owns. The inventory goes with the Sync.
func (w *work) dismantle(ctx context.Context) error {
	if !w.sync.Spec.Prune {
		return nil
	}
	owned, err := w.st.store.Load(ctx)
	if errors.Is(err, inventory.ErrCorrupt) {
		return fmt.Errorf("what it owns can't be told: %w", err)
	}
	if err != nil || len(owned) == 0 {
		return err
	}
	applier, err := w.identities.of(w.sync)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	result := applier.Prune(limited, apply.PruneRequest{ID: w.st.set, Refs: owned, Owned: len(owned), Consent: true})
	w.metrics.did(result)
	left := result.With(apply.Held, apply.Failed)
	if err := w.st.store.Save(ctx, left); err != nil {
		return err
	}
	w.st.status.Inventory = summarise(left)
	if len(left) > 0 {
		return fmt.Errorf("deleting %d of %d objects: %w", len(left), len(owned), some(result))
	}
	return nil
}
