package apply

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// When is a time at which hooks are deleted, as [HookDeleteAnnotation] names it.
type When string

// The times. BeforeCreation means no sooner than when the hook is to run again.
const (
	BeforeCreation When = "before-creation"
	Succeeded      When = "succeeded" // once it is done
	HookFailed     When = "failed"    // once it failed
)

// ClearHooks deletes those of the step's hooks that want to be deleted when they succeeded or failed. It doesn't wait
// until they are gone. Their outcomes are those of [Applier.Prune].
func (a *Applier) ClearHooks(ctx context.Context, plan *Plan, step Step, when When) Result {
	var doomed []inventory.ObjectRef
	for _, stage := range plan.stages(step) {
		for _, it := range stage {
			if it.traits.hook() && slices.Contains(it.traits.clear, when) && !lastsForever(it.ref) {
				doomed = append(doomed, it.ref)
			}
		}
	}
	found, outcomes := a.lookAll(ctx, plan.id, doomed)
	outcomes = append(outcomes, a.deleteAll(ctx, plan.id, found)...)
	for i := range outcomes {
		if outcomes[i].Action == Pending {
			outcomes[i].Reason = "it is being deleted"
		}
	}
	return newResult(outcomes)
}

// lastsForever reports whether deleting the object would delete what no repository can bring back; then it is applied
// over even where it is a hook.
func lastsForever(ref inventory.ObjectRef) bool {
	return needsConsent(ref) || ref.Group == "" && ref.Kind == "PersistentVolume"
}

// applyHook makes the hook anew. One that still stands from an earlier run goes first: a Job that is done would do
// nothing more. That holds for Jobs whatever their policy, which only says what happens after the run; other kinds can
// be applied over, and are deleted only where the policy asks for it.
func (a *Applier) applyHook(ctx context.Context, set string, it item) Outcome {
	if err := a.clearWay(ctx, set, it); err != nil {
		return failed("deleting", it.ref, fmt.Errorf("making way for the hook: %w", err))
	}
	return a.write(ctx, set, it)
}

func (a *Applier) clearWay(ctx context.Context, set string, it item) error {
	runs := it.ref.Group == "batch" && it.ref.Kind == "Job"
	if lastsForever(it.ref) || !runs && !slices.Contains(it.traits.clear, BeforeCreation) {
		return nil
	}
	live, err := a.metadata(ctx, it.resource, it.ref)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if owner := live.Labels[PartOfLabel]; owner != "" && owner != set {
		return &malformed{"it stands already, and belongs to another set, " + owner}
	}
	return a.remove(ctx, it.resource, it.ref, live)
}
