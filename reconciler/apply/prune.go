package apply

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// PruneRequest names objects that are no longer rendered.
type PruneRequest struct {
	ID      string                // of the set that owns them
	Refs    []inventory.ObjectRef // to be deleted
	Owned   int                   // how many objects the set owned before, Refs included
	Budget  Budget
	Consent bool // a person allowed this deletion: no budget, and what always waits for consent goes too
}

// Prune deletes what it may, in the reverse of the order in which it was applied: see [Applier.ApplyStep]. An object that
// no longer carries the set's label, or opts out, is left alone. What doesn't go at once, because of its finalizers, is
// waited for a little, and then told as Pending, and so is what has to stay until that is gone. Objects whose outcome is
// Held, Failed or Pending must stay in the inventory; all others leave it. One that can't be deleted holds no other up.
func (a *Applier) Prune(ctx context.Context, request PruneRequest) Result {
	verdict := Verdict{Delete: request.Refs}
	if !request.Consent {
		verdict = request.Budget.Decide(request.Refs, request.Owned)
	}
	found, outcomes := a.lookAll(ctx, request.ID, verdict.Delete)
	outcomes = append(outcomes, verdict.Held...)
	blocker := ""
	for _, group := range inReverse(found) {
		if blocker != "" {
			for _, d := range group {
				outcomes = append(outcomes, Outcome{Ref: d.ref, Action: Pending, Reason: "it goes once this is gone: " + blocker})
			}
			continue
		}
		done := a.deleteAll(ctx, request.ID, group)
		a.awaitAll(ctx, group, done)
		for _, outcome := range done {
			if outcome.Action == Pending {
				blocker = outcome.Ref.String()
			}
		}
		outcomes = append(outcomes, done...)
	}
	return newResult(outcomes)
}

// doomed is an object that is to be deleted, as it was seen.
type doomed struct {
	ref      inventory.ObjectRef
	resource schema.GroupVersionResource
	live     *metav1.PartialObjectMetadata
}

// inReverse groups what is to be deleted. Namespaces and definitions go last, whatever their waves: with them goes what
// is in them, without regard to any order.
func inReverse(found []doomed) [][]doomed {
	type rank struct{ last, wave, stage int }
	groups := map[rank][]doomed{}
	for _, d := range found {
		at := rank{stage: stageOf(d.ref.GroupKind())}
		at.wave, _ = strconv.Atoi(orAsTheyAre(d.live.Annotations)[WaveAnnotation]) // one that can't be read was never applied
		if at.stage == firstStage {
			at.last = 1
		}
		groups[at] = append(groups[at], d)
	}
	ranks := slices.SortedFunc(maps.Keys(groups), func(x, y rank) int {
		return cmp.Or(cmp.Compare(x.last, y.last), cmp.Compare(y.wave, x.wave), cmp.Compare(y.stage, x.stage))
	})
	var ordered [][]doomed
	for _, at := range ranks {
		ordered = append(ordered, groups[at])
	}
	return ordered
}

// side runs work for each of n things side by side. The work gives its results itself.
func (a *Applier) side(n int, work func(i int)) {
	var workers errgroup.Group
	workers.SetLimit(a.workers)
	for i := range n {
		workers.Go(func() error {
			work(i)
			return nil
		})
	}
	_ = workers.Wait() // the workers give no errors
}

// lookAll finds out which of the objects are there, and ours to delete. The others have their outcome.
func (a *Applier) lookAll(ctx context.Context, set string, refs []inventory.ObjectRef) ([]doomed, []Outcome) {
	seen, outcomes := make([]*doomed, len(refs)), make([]Outcome, len(refs))
	a.side(len(refs), func(i int) {
		var err error
		if seen[i], outcomes[i], err = a.look(ctx, set, refs[i]); err != nil {
			outcomes[i] = failed("deleting", refs[i], err)
		}
	})
	var found []doomed
	var rest []Outcome
	for i := range refs {
		if seen[i] != nil {
			found = append(found, *seen[i])
		} else {
			rest = append(rest, outcomes[i])
		}
	}
	return found, rest
}

// deleteAll asks for the deletion of all that was seen. The outcomes are in the same order.
func (a *Applier) deleteAll(ctx context.Context, set string, all []doomed) []Outcome {
	outcomes := make([]Outcome, len(all))
	a.side(len(all), func(i int) {
		var err error
		if outcomes[i], err = a.deleteSeen(ctx, set, all[i]); err != nil {
			outcomes[i] = failed("deleting", all[i].ref, err)
		}
	})
	return outcomes
}

// awaitAll waits until what is Pending is gone, but not for long.
func (a *Applier) awaitAll(ctx context.Context, all []doomed, outcomes []Outcome) {
	ctx, cancel := context.WithTimeout(ctx, a.settle)
	defer cancel()
	a.side(len(all), func(i int) {
		if outcomes[i].Action != Pending {
			return
		}
		left, err := a.awaitGone(ctx, all[i].resource, all[i].ref, outcomes[i].UID)
		switch {
		case err != nil: // then it isn't known whether it is gone, and the next look tells
			outcomes[i].Reason = fmt.Sprintf("it is being deleted; %v", err)
		case left != nil:
			outcomes[i].Reason = lingering(left)
		default:
			outcomes[i].Action, outcomes[i].Reason = Deleted, ""
		}
	})
}

// look finds the object, and says what becomes of it where it isn't to be deleted.
func (a *Applier) look(ctx context.Context, set string, ref inventory.ObjectRef) (*doomed, Outcome, error) {
	if set == "" {
		return nil, Outcome{}, &malformed{"the set has no ID"}
	}
	mapping, err := a.mapper.Mapping(ctx, ref.GroupKind(), "")
	if meta.IsNoMatchError(err) {
		outcome, err := a.pruneUnserved(ctx, set, ref, err)
		return nil, outcome, err
	}
	if err != nil {
		return nil, Outcome{}, err
	}
	live, err := a.metadata(ctx, mapping.Resource, ref)
	if apierrors.IsNotFound(err) {
		a.memory.Forget(set, ref)
		return nil, Outcome{Ref: ref, Action: Gone}, nil
	}
	if err != nil {
		return nil, Outcome{}, err
	}
	outcome := Outcome{Ref: ref, Action: Kept, UID: live.UID, ResourceVersion: live.ResourceVersion}
	switch owner := live.Labels[PartOfLabel]; {
	case KeepsFromPruning(live.Annotations):
		outcome.Reason = "its annotations opt it out of pruning"
	case owner == "":
		outcome.Reason = fmt.Sprintf("its label %s was taken off", PartOfLabel)
	case owner != set:
		outcome.Reason = "it belongs to another set, " + owner
	default:
		return &doomed{ref, mapping.Resource, live}, Outcome{}, nil
	}
	a.memory.Forget(set, ref)
	return nil, outcome, nil
}

// deleteSeen deletes exactly the object that was seen. One that changed since is looked at again.
func (a *Applier) deleteSeen(ctx context.Context, set string, d doomed) (Outcome, error) {
	looks := chase()
	for {
		a.memory.Forget(set, d.ref) // before the deletion, which would look like drift
		outcome := Outcome{Ref: d.ref, Action: Pending, UID: d.live.UID, ResourceVersion: d.live.ResourceVersion}
		if d.live.DeletionTimestamp != nil {
			return outcome, nil
		}
		left, err := a.delete(ctx, d.resource, d.ref, metav1.Preconditions{UID: &d.live.UID, ResourceVersion: &d.live.ResourceVersion})
		switch {
		case apierrors.IsNotFound(err):
			return Outcome{Ref: d.ref, Action: Gone}, nil
		case err == nil && !left:
			outcome.Action = Deleted
			return outcome, nil
		case err == nil:
			return outcome, nil
		case !apierrors.IsConflict(err) || !another(ctx, &looks):
			return outcome, err
		}
		again, outcome, err := a.look(ctx, set, d.ref)
		if again == nil {
			return outcome, err
		}
		d = *again
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
