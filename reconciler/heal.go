package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// fightAttempts is how often an object must drift again before it is called a fight.
const fightAttempts = 3

// heal applies again just the objects that drifted, from what was rendered last.
// It needs neither the repository nor a build.
func (w *work) heal(ctx context.Context) {
	drifted := w.st.takeDrift()
	objects := w.lastSent(ctx, drifted)
	if len(objects) == 0 {
		return
	}
	applier, err := w.identities.of(w.sync)
	if err != nil {
		return // the attempt that follows says so
	}
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	plan, err := applier.Plan(limited, w.set(limited, objects))
	if err != nil {
		w.unhealed(ctx, err)
		return
	}
	result := applier.Apply(limited, plan)
	w.metrics.did(result)
	w.autoscalers.forget(result)
	for _, o := range result.Outcomes {
		if e, ok := drifted[o.Ref.Identity()]; ok && (o.Action == apply.Created || o.Action == apply.Configured || o.Action == apply.Recreated) {
			w.healed(ctx, o.Ref, e)
		}
	}
	if result.Count(apply.Unchanged)+result.Count(apply.Failed) < len(result.Outcomes) {
		w.st.resaveAt = w.Now().Add(resaveAfter)
	}
	if f := applyFailure(result); f != nil {
		w.unhealed(ctx, f.err)
		return
	}
	w.rewait(ctx, result)
}

// lastSent gives the drifted objects as they were sent last: some by a course that isn't
// through yet, or failed. Where a number of replicas was taken over by an autoscaler,
// nothing is to be healed.
func (w *work) lastSent(ctx context.Context, drifted map[inventory.ObjectRef]drift.Event) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for ref, e := range drifted {
		if e.Cause == drift.Autoscaled {
			w.say(ctx, "autoscaled "+ref.String(), e.By, event{normal, v1.ReasonAutoscaled, e.String() + "; it is left to the autoscaler"})
			continue
		}
		object, err := w.st.sent.object(ref, w.namespace())
		switch {
		case err != nil:
			w.unhealed(ctx, err)
		case object != nil:
			objects = append(objects, object)
		}
	}
	return objects
}

// unhealed has the whole set applied again, in its stages and with the pauses of
// any failed attempt: the object's namespace may be gone, for one.
func (w *work) unhealed(ctx context.Context, err error) {
	if w.news("heal", masked(err.Error())) {
		w.Log.WarnContext(ctx, "healing drift", "sync", w.st.key, "error", err)
	}
	w.st.done = attempt{}
}

func (w *work) healed(ctx context.Context, ref inventory.ObjectRef, e drift.Event) {
	w.metrics.healed.WithLabelValues(w.st.key.Namespace, w.st.key.Name, string(e.Cause)).Inc()
	what := fmt.Sprintf("%s was deleted", ref)
	switch e.Cause {
	case drift.Fields:
		what = fmt.Sprintf("%s lost %s", ref, strings.Join(first(e.Lost, 5), ", "))
	case drift.Rewritten:
		what = fmt.Sprintf("%s was written anew", ref)
	case drift.Gone, drift.Autoscaled:
	}
	if e.By != "" {
		what += " to " + e.By
	}
	reason, kind := v1.ReasonDriftHealed, normal
	if e.Attempt > fightAttempts {
		reason, kind = v1.ReasonDriftFight, warning
		what += fmt.Sprintf(", for the %dth time; healed again after %s", e.Attempt, e.Delay)
	}
	w.tell(ctx, event{kind, reason, what})
}

func first(texts []string, n int) []string {
	if len(texts) <= n {
		return texts
	}
	return append(slices.Clone(texts[:n]), fmt.Sprintf("and %d more", len(texts)-n))
}

// rewait waits for the health of the objects that were healed, and of those that are
// waited for already. What is known to be healthy isn't looked at again: one heal among
// ten thousand objects would list them all.
func (w *work) rewait(ctx context.Context, result apply.Result) {
	healed := make(map[inventory.ObjectRef]health.Target, len(result.Outcomes))
	for _, t := range targets(result) {
		healed[t.Ref.Identity()] = t
	}
	var mended []health.Target
	for i, t := range w.st.targets {
		if now, ok := healed[t.Ref.Identity()]; ok {
			w.st.targets[i].ResourceVersion = now.ResourceVersion
			mended = append(mended, w.st.targets[i])
		}
	}
	before := w.st.waiting
	switch {
	case len(mended) == 0:
		return
	case before != nil:
		mended = append(slices.DeleteFunc(slices.Clone(before.targets), func(t health.Target) bool {
			_, again := healed[t.Ref.Identity()]
			return again
		}), mended...)
	case !isTrue(&w.st.status, v1.ConditionHealthy):
		mended = slices.Clone(w.st.targets)
	}
	now := w.waitFor(ctx, mended)
	if c := w.st.course; c != nil && before != nil && c.awaits == before {
		c.awaits = now // the course goes on when the healed ones are healthy, too
	}
}
