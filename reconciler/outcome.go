package reconciler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

// failure is why an attempt ended badly.
type failure struct {
	reason  string
	err     error
	stalled bool // trying again can't help
	held    bool // deletions wait for a person's consent; all else is done
	applied bool // some of the set may stand in the cluster
}

func fail(reason string, err error) *failure { return &failure{reason: reason, err: err} }

// forGood says that only a person can help.
func (f *failure) forGood() *failure {
	f.stalled = true
	return f
}

// afterApply says that some of the set may stand in the cluster, so that the hooks of a
// failure run.
func (f *failure) afterApply() *failure {
	f.applied = true
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

// conclude ends a course and puts its end into the status.
func (w *work) conclude(ctx context.Context, c *course, f *failure) {
	w.st.course = nil
	if ctx.Err() != nil {
		return // the reconciler stops; its next start begins anew
	}
	if f != nil {
		w.concludeFailure(ctx, c, f)
	} else {
		w.concludeSuccess(ctx, c)
	}
	w.metrics.attempted(w.sync, w.Now().Sub(c.start), f.reasonOr(v1.ReasonSucceeded))
	w.step("concluded")
}

func (w *work) concludeSuccess(ctx context.Context, c *course) {
	was := w.wasReady(c.of)
	w.st.retry.reset()
	w.st.done, w.st.sum = c.of, c.built.sum
	w.st.sent.all(c.built.rendered.Set())
	w.st.status.LastAppliedRevision, w.st.status.LastAppliedDigest = c.of.revision, c.built.public
	w.useUpConsent(ctx)
	if was {
		w.board().ready(w.standing(c.of.revision))
		w.history(c.of.revision, v1.ResultSucceeded, healthyDescription)
		w.report(c.of.revision, StateSuccess, healthyDescription)
	} else {
		w.st.awaited = fmt.Sprintf("%s, waiting for %d objects to become healthy", w.standing(c.of.revision), len(c.result.Outcomes))
		w.board().applied(w.st.awaited)
		w.history(c.of.revision, v1.ResultProgressing, "applied, waiting for health")
		w.report(c.of.revision, StatePending, "applied, waiting for health")
		w.progress = applied(c)
	}
	w.awaitHealth(ctx, c.result)
	if c.unscaled {
		w.again()
	}
}

// again has the attempt that was concluded made once more, at once.
func (w *work) again() {
	w.st.done = attempt{}
	w.by(w.now)
}

// tellProgress tells what was applied, unless it was told with the news that it is healthy.
func (w *work) tellProgress(ctx context.Context) {
	if w.progress != "" {
		w.tell(ctx, event{normal, v1.ReasonProgressing, w.progress})
	}
}

func applied(c *course) string {
	return fmt.Sprintf("applied %s: %d created, %d configured, %d unchanged", c.of.revision,
		c.result.Count(apply.Created), c.result.Count(apply.Configured), c.result.Count(apply.Unchanged))
}

// stood ends a course that had nothing to do. With a thousand Syncs of one
// repository this is what a commit means to nearly all of them: so that they don't
// hold up the one that it changes, their status is written a little later. The forge
// isn't told: the commit is none of theirs.
func (w *work) stood(ctx context.Context, c *course) {
	w.st.retry.reset()
	w.st.done = c.of
	w.st.status.LastAppliedRevision = c.of.revision
	w.useUpConsent(ctx)
	w.board().ready(w.standing(c.of.revision))
	w.history(c.of.revision, v1.ResultSucceeded, healthyDescription)
	if len(w.dependents(ctx, w.sync)) == 0 {
		w.unhurried = true
	}
	w.metrics.attempted(w.sync, w.Now().Sub(c.start), v1.ReasonSucceeded)
}

func (w *work) concludeFailure(ctx context.Context, c *course, f *failure) {
	revision := c.of.revision
	w.history(revision, v1.ResultFailed, f.reason+": "+f.err.Error())
	switch {
	case f.held:
		w.report(revision, StatePending, "deletions wait for consent")
		w.stall(ctx, c.of, f.reason, f.err)
		w.awaitHealth(ctx, c.result)
	case f.stalled:
		w.report(revision, StateFailure, f.reason+": "+f.err.Error())
		w.stall(ctx, c.of, f.reason, f.err)
	default:
		w.report(revision, StateFailure, f.reason+": "+f.err.Error())
		w.later(ctx, f.reason, f.err)
	}
	if f.applied {
		w.alarm(ctx, c.built.sum)
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
