package apply

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// pruneTries is how often an object that keeps changing between the look and the deletion is looked at again.
const pruneTries = 5

// PruneRequest names objects that are no longer rendered.
type PruneRequest struct {
	ID      string                // of the set that owns them
	Refs    []inventory.ObjectRef // to be deleted
	Owned   int                   // how many objects the set owned before, Refs included
	Budget  Budget
	Consent bool // a person allowed this deletion: no budget, and what always waits for consent goes too
}

// Prune deletes what it may: first what lives in namespaces and by definitions, side by side, and those at the end. An
// object that no longer carries the set's label, or opts out, is left alone. Objects whose outcome is Held or Failed
// must stay in the inventory; all others leave it.
func (a *Applier) Prune(ctx context.Context, request PruneRequest) Result {
	verdict := Verdict{Delete: request.Refs}
	if !request.Consent {
		verdict = request.Budget.Decide(request.Refs, request.Owned)
	}
	var early, late []inventory.ObjectRef
	for _, ref := range verdict.Delete {
		if goesFirst(ref) {
			late = append(late, ref)
		} else {
			early = append(early, ref)
		}
	}
	outcomes := slices.Clone(verdict.Held)
	outcomes = append(outcomes, a.pruneAll(ctx, request.ID, early)...)
	outcomes = append(outcomes, a.pruneAll(ctx, request.ID, late)...)
	return newResult(outcomes)
}

func (a *Applier) pruneAll(ctx context.Context, set string, refs []inventory.ObjectRef) []Outcome {
	outcomes := make([]Outcome, len(refs))
	var workers errgroup.Group
	workers.SetLimit(a.workers)
	for i, ref := range refs {
		workers.Go(func() error {
			outcome, err := a.pruneOne(ctx, set, ref)
			if err != nil {
				outcome = failed("deleting", ref, err)
			}
			outcomes[i] = outcome
			return nil
		})
	}
	_ = workers.Wait() // the workers give outcomes, no errors
	return outcomes
}

func (a *Applier) pruneOne(ctx context.Context, set string, ref inventory.ObjectRef) (Outcome, error) {
	if set == "" {
		return Outcome{}, &malformed{"the set has no ID"}
	}
	mapping, err := a.mapper.Mapping(ctx, ref.GroupKind(), "")
	if meta.IsNoMatchError(err) {
		return a.pruneUnserved(ctx, set, ref, err)
	}
	if err != nil {
		return Outcome{}, err
	}
	for try := 1; ; try++ {
		outcome, err := a.deleteOwn(ctx, set, mapping.Resource, ref)
		if !apierrors.IsConflict(err) || try == pruneTries {
			return outcome, err
		}
	}
}

// pruneUnserved handles an object whose kind discovery doesn't know. Only when the API server says for certain that it
// doesn't serve the kind is the object gone with it; an API that is down for the moment says nothing.
func (a *Applier) pruneUnserved(ctx context.Context, set string, ref inventory.ObjectRef, noMatch error) (Outcome, error) {
	if ref.Version == "" {
		return Outcome{}, noMatch
	}
	absent, err := a.mapper.Absent(ctx, schema.GroupVersionKind{Group: ref.Group, Version: ref.Version, Kind: ref.Kind})
	if err != nil {
		return Outcome{}, err
	}
	if !absent {
		return Outcome{}, noMatch
	}
	a.memory.Forget(set, ref)
	return Outcome{Ref: ref, Action: Gone, Reason: "its kind is no longer served"}, nil
}

// deleteOwn looks at the object and deletes exactly the one that it saw, unless it isn't ours to delete.
func (a *Applier) deleteOwn(ctx context.Context, set string, resource schema.GroupVersionResource, ref inventory.ObjectRef) (Outcome, error) {
	live, err := a.metadata(ctx, resource, ref)
	if apierrors.IsNotFound(err) {
		a.memory.Forget(set, ref)
		return Outcome{Ref: ref, Action: Gone}, nil
	}
	if err != nil {
		return Outcome{}, err
	}
	outcome := Outcome{Ref: ref, UID: live.UID, ResourceVersion: live.ResourceVersion}
	switch owner := live.Labels[PartOfLabel]; {
	case live.Annotations[PruneAnnotation] == PruneDisabled:
		outcome.Action, outcome.Reason = Kept, fmt.Sprintf("its annotation %s says %s", PruneAnnotation, PruneDisabled)
	case owner == "":
		outcome.Action, outcome.Reason = Kept, fmt.Sprintf("its label %s was taken off", PartOfLabel)
	case owner != set:
		outcome.Action, outcome.Reason = Kept, fmt.Sprintf("it belongs to another set, %s", owner)
	}
	a.memory.Forget(set, ref) // before the deletion, which would look like drift
	if outcome.Action == Kept {
		return outcome, nil
	}
	outcome.Action = Deleted
	if live.DeletionTimestamp != nil {
		return outcome, nil // it goes when its finalizers let it
	}
	err = a.delete(ctx, resource, ref, metav1.Preconditions{UID: &live.UID, ResourceVersion: &live.ResourceVersion})
	if apierrors.IsNotFound(err) {
		return Outcome{Ref: ref, Action: Gone}, nil
	}
	return outcome, err
}
