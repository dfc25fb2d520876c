package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/health"
)

// errTooSlow ends a wait for health.
var errTooSlow = errors.New("not healthy in time")

// awaitHealth waits beside the work for the objects to become healthy, in place of
// any earlier wait. The Sync is woken when it ends.
func (w *work) awaitHealth(ctx context.Context, result apply.Result) {
	w.st.recheck.reset()
	w.st.targets = targets(result)
	w.wait(ctx)
}

func targets(result apply.Result) []health.Target {
	var targets []health.Target
	for _, o := range result.Outcomes {
		if o.Action != apply.Failed {
			targets = append(targets, health.Target{Ref: o.Ref, ResourceVersion: o.ResourceVersion})
		}
	}
	return targets
}

// settle is how long a worker stays with a wait: most objects are healthy as soon as
// they are there, and then the status is written once instead of twice.
const settle = 20 * time.Millisecond

// wait begins a wait for the health of all targets.
func (w *work) wait(ctx context.Context) *waiting {
	return w.waitFor(ctx, slices.Clone(w.st.targets))
}

func (w *work) waitFor(ctx context.Context, targets []health.Target) *waiting {
	w.st.stopWaiting()
	rules := w.st.rules
	ctx, cancel := context.WithTimeoutCause(ctx, w.sync.Spec.Timeout.Duration, errTooSlow)
	waiting := &waiting{targets: targets, cancel: cancel}
	w.st.waiting = waiting
	st, controller := w.st, w.controller
	wake := func() { controller.queue.wake(st.key) }
	ended := make(chan struct{})
	go func() {
		defer cancel()
		defer close(ended)
		report, err := controller.waiter.Wait(ctx, health.Request{
			Set: st.set, Targets: targets, Rules: rules, Progress: func(now health.Report) { waiting.put(now, wake) },
		})
		waiting.end()
		st.putHealth(&verdict{of: waiting, report: report, err: err})
		wake()
	}()
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
	return waiting
}

// judge takes the verdict of a wait that ended, and looks at bad health again
// when it is time: an image may have come, a quota may have been raised.
func (w *work) judge(ctx context.Context) {
	v := w.st.takeHealth()
	if v != nil && v.of == w.st.waiting {
		w.st.waiting = nil
		if c := w.st.course; c != nil && c.awaits == v.of {
			w.arrive(ctx, c, v)
			return
		}
		w.verdict(ctx, v)
		return
	}
	w.tellWaiting()
	if !w.st.checkAt.IsZero() && !w.now.Before(w.st.checkAt) && w.st.waiting == nil {
		w.wait(ctx)
	}
}

func (w *work) verdict(ctx context.Context, v *verdict) {
	revision := w.st.status.LastAppliedRevision
	switch {
	case v.err == nil && v.report.Healthy():
		w.st.recheck.reset()
		w.board().healthy()
		if !w.settled() {
			return // Ready speaks of something worse
		}
		w.board().ready(w.standing(revision))
		w.history(revision, v1.ResultSucceeded, healthyDescription)
		w.report(revision, StateSuccess, healthyDescription)
		w.say(ctx, "health", revision, event{normal, v1.ReasonSucceeded, cmp.Or(w.progress, "applied "+revision) + "; all objects are healthy"})
		w.progress = ""
	case v.err == nil || errors.Is(v.err, errTooSlow):
		w.st.checkAt = w.Now().Add(w.st.recheck.next())
		reason, message := w.illness(v)
		w.board().unhealthy(reason, message)
		if !w.settled() {
			return
		}
		w.board().broken(message)
		w.history(revision, v1.ResultFailed, message)
		w.report(revision, StateFailure, message)
		w.say(ctx, "health", reason+masked(message), event{warning, v1.ReasonHealthFailed, message})
		w.alarm(ctx, w.st.sum)
	case errors.Is(v.err, context.Canceled):
	default:
		w.st.checkAt = w.Now().Add(w.st.recheck.next())
		if w.news("wait", masked(v.err.Error())) {
			w.Log.WarnContext(ctx, "waiting for health", "sync", w.st.key, "error", v.err)
		}
	}
}

// settled tells whether the last attempt ended well and is still what is asked
// for, so that Ready speaks of health.
func (w *work) settled() bool {
	return w.st.done == w.st.tried && w.st.done.revision != "" && w.st.done.generation == w.sync.Generation && !w.st.sourceBad &&
		!isTrue(&w.st.status, v1.ConditionStalled)
}

// illness gives the reason and message of bad health. The reason is that of the
// first object that failed, such as ImagePullBackOff, or of the gravest trouble when
// the time was over.
func (w *work) illness(v *verdict) (string, string) {
	message := v.report.Summary()
	if v.err != nil {
		message = fmt.Sprintf("not healthy within %s: %s", w.sync.Spec.Timeout.Duration, message)
	}
	bad := v.report.Failed()
	if worst, ok := v.report.Worst(); ok && worst.Trouble > health.Notable {
		bad = append(bad, worst)
	}
	for _, h := range bad {
		if conditionReason(h.Reason) {
			return h.Reason, message
		}
	}
	return v1.ReasonHealthFailed, message
}

// conditionReason tells whether the API takes a text as the reason of a condition.
func conditionReason(text string) bool {
	ok, err := regexp.MatchString(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`, text)
	return err == nil && ok && len(text) <= 1024
}
