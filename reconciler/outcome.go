package reconciler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// failure is why an attempt ended badly.
type failure struct {
	reason  string
	err     error
	stalled bool // trying again can't help
}

func fail(reason string, err error) *failure { return &failure{reason: reason, err: err} }

// forGood says that only a person can help.
func (f *failure) forGood() *failure {
	f.stalled = true
	return f
}

func (f *failure) reasonOr(success string) string {
	if f == nil {
		return success
	}
	return f.reason
}

// shownErrors is how many objects' errors a condition spells out.
const shownErrors = 3

// applyFailure tells of the objects that couldn't be applied.
func applyFailure(result apply.Result) *failure {
	if n := result.Count(apply.Failed); n > 0 {
		return fail(v1.ReasonFailed, fmt.Errorf("%d of %d objects: %w", n, len(result.Outcomes), some(result)))
	}
	return nil
}

func some(result apply.Result) error {
	var texts []string
	more := 0
	for _, o := range result.Outcomes {
		switch {
		case o.Err == nil:
		case len(texts) < shownErrors:
			texts = append(texts, o.Err.Error())
		default:
			more++
		}
	}
	if more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(texts, "; "))
}

// prune deletes what is owned but no longer wanted, within the budget, and
// settles the inventory.
func (w *work) prune(ctx context.Context, applier *apply.Applier, owned []inventory.Item, plan *apply.Plan) *failure {
	doomed := plan.Unwanted(inventory.Refs(owned))
	var result apply.Result
	if w.sync.Spec.Prune && len(doomed) > 0 {
		result = applier.Prune(ctx, apply.PruneRequest{
			ID: w.st.set, Refs: doomed, Owned: len(owned), Budget: budget(w.sync.Spec.DeletionBudget),
			Consent: w.sync.Annotations[v1.AnnotationConsent] == consentKey(doomed),
		})
		w.metrics.did(result)
	} else {
		for _, ref := range doomed { // left in the cluster, and none of ours any more
			w.watcher.Forget(w.st.set, ref)
		}
	}
	left := inventory.Union(result.With(apply.Held, apply.Failed), plan.Refs())
	if err := w.st.store.Save(ctx, inventory.Settled(owned, w.watcher.Recorded(w.st.set, left))); err != nil {
		return fail(v1.ReasonInventoryFailed, err)
	}
	w.st.status.Inventory = summarise(left)
	if n := result.Count(apply.Failed); n > 0 {
		return fail(v1.ReasonPruneFailed, fmt.Errorf("deleting %d objects: %w", n, some(result)))
	}
	if held := result.With(apply.Held); len(held) > 0 {
		return w.held(result, held)
	}
	return nil
}

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
func (w *work) held(result apply.Result, held []inventory.ObjectRef) *failure {
	var names []string
	reason := ""
	for _, o := range result.Outcomes {
		if o.Action == apply.Held {
			reason = o.Reason
			if len(names) < shownErrors {
				names = append(names, o.Ref.String())
			}
		}
	}
	list := strings.Join(names, ", ")
	if len(held) > len(names) {
		list += fmt.Sprintf(" and %d more", len(held)-len(names))
	}
	return fail(v1.ReasonBudgetExceeded, fmt.Errorf(
		"deleting %d objects waits for consent (%s): %s. To allow it: kubectl annotate --overwrite -n %s syncs.towline.dev/%s %s=%s",
		len(held), reason, list, w.sync.Namespace, w.sync.Name, v1.AnnotationConsent, consentKey(held))).forGood()
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

// conclude puts the end of an attempt into the status.
func (w *work) conclude(ctx context.Context, a attempt, did outcome, f *failure) {
	if f != nil {
		w.concludeFailure(ctx, a, did, f)
		return
	}
	w.st.retry.reset()
	w.st.done = a
	was := w.wasReady(a)
	w.st.status.LastAppliedRevision = a.revision
	w.useUpConsent(ctx)
	if was || did.same {
		w.board().ready("applied " + a.revision)
		w.history(a.revision, v1.ResultSucceeded, healthyDescription)
		w.report(a.revision, StateSuccess, healthyDescription)
	} else {
		w.board().applied(fmt.Sprintf("applied %s, waiting for %d objects to become healthy", a.revision, len(did.result.Outcomes)))
		w.history(a.revision, v1.ResultProgressing, "applied, waiting for health")
		w.report(a.revision, StatePending, "applied, waiting for health")
		w.tell(ctx, event{normal, v1.ReasonProgressing, applied(a, did.result)})
	}
	if !did.same {
		w.awaitHealth(ctx, did.result)
	}
}

func applied(a attempt, result apply.Result) string {
	return fmt.Sprintf("applied %s: %d created, %d configured, %d unchanged", a.revision,
		result.Count(apply.Created), result.Count(apply.Configured), result.Count(apply.Unchanged))
}

func (w *work) concludeFailure(ctx context.Context, a attempt, did outcome, f *failure) {
	w.history(a.revision, v1.ResultFailed, f.reason+": "+f.err.Error())
	switch {
	case f.reason == v1.ReasonBudgetExceeded:
		w.report(a.revision, StatePending, "deletions wait for consent")
		w.stall(ctx, a, f.reason, f.err)
		w.awaitHealth(ctx, did.result)
	case f.stalled:
		w.report(a.revision, StateFailure, f.reason+": "+f.err.Error())
		w.stall(ctx, a, f.reason, f.err)
	default:
		w.report(a.revision, StateFailure, f.reason+": "+f.err.Error())
		w.later(ctx, f.reason, f.err)
	}
}

// later shows an error and asks for another try after a pause that grows.
func (w *work) later(ctx context.Context, reason string, err error) {
	w.st.retryAt = w.Now().Add(w.st.retry.next())
	w.outage.suffered(w.st.key)
	if w.news("failure", reason+masked(err.Error())) || !is(&w.st.status, v1.ConditionReady, reason) {
		w.board().failed(reason, err.Error())
		w.tell(ctx, event{warning, reason, err.Error()})
	}
}

// stall shows an error that only a person can mend; a is not attempted again.
func (w *work) stall(ctx context.Context, a attempt, reason string, err error) {
	w.st.done, w.st.retryAt = a, time.Time{}
	w.board().stalled(reason, err.Error())
	w.say(ctx, "failure", reason+err.Error(), event{warning, reason, err.Error()})
}

// useUpConsent takes the annotation away once its deletions are done, so that it
// doesn't allow them a second time.
func (w *work) useUpConsent(ctx context.Context) {
	if w.sync.Annotations[v1.AnnotationConsent] == "" {
		return
	}
	before := w.sync.DeepCopy()
	delete(w.sync.Annotations, v1.AnnotationConsent)
	if err := w.client.Patch(ctx, w.sync, client.MergeFrom(before), client.FieldOwner(apply.FieldManager)); err != nil {
		w.Log.WarnContext(ctx, "removing the consent", "sync", w.st.key, "error", err)
		return
	}
	w.st.done.consent = ""
	w.st.tried = w.st.done
}

func (w *work) history(revision string, result v1.Result, message string) {
	remember(&w.st.status, v1.HistoryEntry{
		Revision: revision, Time: metav1.NewTime(w.now.Truncate(time.Second)), Result: result, Message: shorten(message, 300),
	})
}
