package apply

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// lasting says why the live object may not be deleted and made again; empty where it may.
func (w *writing) lasting(live *metav1.PartialObjectMetadata) string {
	traits := w.item.traits
	allowed, asked := w.item.force, traits.force != nil
	if asked {
		allowed = *traits.force
	}
	owner := live.Labels[PartOfLabel]
	switch {
	case asked && !allowed:
		return fmt.Sprintf("its annotation %s says %s, so it isn't deleted and made again", ForceAnnotation, Disabled)
	case !allowed:
		return fmt.Sprintf("to have it deleted and made again, annotate it with %s: %s, or set spec.force of the Sync", ForceAnnotation, Enabled)
	case owner != "" && owner != w.set:
		return "it belongs to another set, " + owner
	case asked:
		return ""
	case lastsForever(w.item.ref):
		return fmt.Sprintf("deleting a %s deletes what is in it; to have it deleted and made again, annotate it with %s: %s", w.item.ref.Kind, ForceAnnotation, Enabled)
	case KeepsFromPruning(live.Annotations):
		return fmt.Sprintf("its annotations opt it out of pruning; to have it deleted and made again, annotate it with %s: %s", ForceAnnotation, Enabled)
	}
	return ""
}

// recreate deletes exactly the object that was looked at, and applies it as a new one once it is gone. Its dependants
// are collected in the background: they belong to an object of another UID, so the new one doesn't take them for its own.
func (w *writing) recreate(ctx context.Context, live *metav1.PartialObjectMetadata) (answer, error) {
	if err := w.remove(ctx, w.item.resource, w.item.ref, live); err != nil {
		return answer{}, fmt.Errorf("making way for it as a new object: %w", err)
	}
	w.recreated = true
	got, err := w.apply(ctx)
	if err != nil {
		return got, fmt.Errorf("making it again: %w", err)
	}
	return got, nil
}
