package reconciler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// prune deletes what is owned but no longer wanted, within the budget, and
// settles the inventory.
func (w *work) prune(ctx context.Context, c *course) *failure {
	doomed := c.plan.Unwanted(inventory.Refs(c.owned))
	var result apply.Result
	var handed []inventory.ObjectRef
	switch {
	case len(doomed) == 0:
	case !w.sync.Spec.Prune:
		for _, ref := range doomed { // left in the cluster, and none of ours any more
			w.watcher.Forget(w.st.set, ref)
		}
	default:
		var err error
		if c.rewritten, err = w.rewritten(ctx, c); err != nil {
			return fail(v1.ReasonGitFailed, err)
		}
		others, unknown := w.elsewhere(ctx, doomed, func(*v1.Sync) snapshot { return c.source })
		if unknown != nil && !unbuildable(unknown) {
			return fail(v1.ReasonPruneFailed, fmt.Errorf("deleting %d objects: %w", len(doomed), unknown))
		}
		handed, doomed = w.handOver(doomed, others)
		result = w.remove(ctx, c, doomed, unknown)
		w.metrics.did(result)
		w.autoscalers.forget(result)
		c.unscaled = unscaled(result)
		w.step("pruned")
	}
	w.st.lent = len(handed) > 0
	left := inventory.Union(result.With(apply.Held, apply.Failed, apply.Pending), c.plan.Refs())
	left = inventory.Union(left, handed) // until the other Sync has taken them over
	if err := w.st.store.Save(ctx, inventory.Settled(c.owned, w.watcher.Recorded(w.st.set, left))); err != nil {
		return fail(v1.ReasonInventoryFailed, err)
	}
	w.step("inventory settled")
	if err := w.claim(ctx, left); err != nil {
		return fail(v1.ReasonFailed, err)
	}
	w.st.status.Inventory = summarise(inventory.Subtract(inventory.Subtract(left, c.plan.Hooks()), handed))
	w.st.resaveAt = time.Time{}
	w.tellPruned(ctx, result)
	if n := result.Count(apply.Failed); n > 0 {
		return fail(v1.ReasonPruneFailed, fmt.Errorf("deleting %d objects: %w", n, some(result)))
	}
	w.st.lingering.note(result, w.Now())
	w.tellLingering(ctx)
	if held := result.With(apply.Held); len(held) > 0 {
		return w.held(c, result, held)
	}
	return nil
}

// unbuildable tells whether what a Sync wants can't be told before a person mends it.
func unbuildable(err error) bool {
	var unknown *unknownWants
	return errors.As(err, &unknown) && build.IsPermanent(unknown.err)
}

// remove deletes what it may. Of a history that doesn't contain what was applied last
// nobody knows whether what is missing was ever meant to go, and neither of objects that
// no inventory remembers, or that a Sync may want whose folder can't be built: then all of
// it waits for consent.
func (w *work) remove(ctx context.Context, c *course, doomed []inventory.ObjectRef, unknown error) apply.Result {
	if len(doomed) == 0 {
		return apply.Result{}
	}
	consent := w.sync.Annotations[v1.AnnotationConsent] == consentKey(doomed)
	unsure, why := found(c.owned, doomed), "the inventory was lost, and they were found by their label"
	if unknown != nil {
		unsure, why = doomed, unknown.Error()
	}
	if c.rewritten != "" {
		unsure, why = doomed, c.rewritten
	}
	if len(unsure) > 0 && !consent {
		var result apply.Result
		for _, ref := range doomed {
			result.Outcomes = append(result.Outcomes, apply.Outcome{Ref: ref, Action: apply.Held, Reason: why})
		}
		return result
	}
	return c.applier.Prune(ctx, apply.PruneRequest{
		ID: w.st.set, Refs: doomed, Owned: len(c.owned), Budget: budget(w.sync.Spec.DeletionBudget), Consent: consent,
	})
}

// tellPruned names what was deleted: no repository tells it any more.
func (w *work) tellPruned(ctx context.Context, result apply.Result) {
	deleted := result.With(apply.Deleted)
	if len(deleted) == 0 {
		return
	}
	var names []string
	for _, ref := range deleted {
		names = append(names, ref.String())
	}
	w.tell(ctx, event{normal, v1.ReasonPruned, fmt.Sprintf("deleted %d objects: %s", len(names), strings.Join(first(names, prunedNames), ", "))})
}

// prunedNames is how many of the deleted objects an event names.
const prunedNames = 10

func budget(b v1.DeletionBudget) apply.Budget {
	limits := apply.Budget{Objects: v1.DefaultObjects}
	if b.Objects != nil {
		limits.Objects = int(*b.Objects)
	}
	if b.Percent != nil {
		limits.Percent = int(*b.Percent)
	}
	return limits
}

// held tells a person what waits for consent, and how to give it.
func (w *work) held(c *course, result apply.Result, held []inventory.ObjectRef) *failure {
	var names []string
	why := ""
	for _, o := range result.Outcomes {
		if o.Action == apply.Held {
			why = o.Reason
			names = append(names, o.Ref.String())
		}
	}
	reason := v1.ReasonBudgetExceeded
	if c.rewritten != "" {
		reason = v1.ReasonHistoryRewritten
	}
	f := fail(reason, fmt.Errorf(
		"deleting %d objects waits for consent (%s): %s. To allow it: kubectl annotate --overwrite -n %s syncs.towline.dev/%s %s=%s",
		len(held), why, strings.Join(first(names, shownErrors), ", "), w.sync.Namespace, w.sync.Name, v1.AnnotationConsent, consentKey(held))).forGood()
	f.held = true
	return f
}

// consentKey names a set of objects: consent is given to exactly these deletions,
// whatever the revision.
func consentKey(refs []inventory.ObjectRef) string {
	sum := sha256.New()
	for _, ref := range inventory.Union(nil, refs) {
		sum.Write([]byte(ref.String() + "\n"))
	}
	return "delete-" + hex.EncodeToString(sum.Sum(nil)[:5])
}
