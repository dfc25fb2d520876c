package reconciler

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// course is an attempt under way. Its steps are gone through one after the other;
// where one must wait for the health of the one before, the course stays in the
// state and the worker goes on to other Syncs. Whatever is asked for meanwhile ends
// it: the next course begins anew, and what was done already costs it nothing.
type course struct {
	of      attempt
	source  snapshot
	inputs  inputs
	applier *apply.Applier
	start   time.Time

	built  built
	plan   *apply.Plan
	owned  []inventory.Item // before this course
	steps  []apply.Step
	at     int          // the step that is next
	awaits *waiting     // the wait for the health of the step before; nil for none
	result apply.Result // of the steps so far, hooks left out

	// unscaled says that the set is to be applied once more, see [unscaled].
	unscaled bool
	// rewritten says, for a person, that the history doesn't hold what was applied last.
	rewritten string
}

// begin makes the way of a course: build, plan, remember what may come to be. Then
// it sets out.
func (w *work) begin(ctx context.Context, c *course) {
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	var f *failure
	if c.built, f = w.build(limited, c); f != nil {
		w.metrics.builds.WithLabelValues("failed").Inc()
		w.conclude(ctx, c, f)
		return
	}
	w.step("built")
	if w.stands(c) {
		w.metrics.builds.WithLabelValues("same").Inc()
		w.stood(ctx, c)
		return
	}
	w.metrics.builds.WithLabelValues("changed").Inc()
	w.st.stopWaiting()
	defer w.announce(ctx, c.of)()
	if f := w.prepare(limited, c); f != nil {
		w.conclude(ctx, c, f)
		return
	}
	w.st.course = c
	w.advance(ctx, c)
}

// prepare plans the objects, and has the inventory hold them before the first is applied.
func (w *work) prepare(ctx context.Context, c *course) *failure {
	var err error
	objects, f := c.built.unpack()
	if f != nil {
		return f
	}
	if c.plan, err = c.applier.Plan(ctx, w.set(ctx, objects)); err != nil {
		return fail(v1.ReasonFailed, err)
	}
	if c.owned, err = w.recall(ctx); err != nil {
		return fail(v1.ReasonInventoryFailed, err)
	}
	if err := w.claim(ctx, inventory.Union(inventory.Refs(c.owned), c.plan.Refs())); err != nil {
		return fail(v1.ReasonFailed, err)
	}
	w.step("parent written ahead")
	if err := w.st.store.Save(ctx, inventory.Ahead(c.owned, w.coming(c.plan))); err != nil {
		return fail(v1.ReasonInventoryFailed, err)
	}
	w.step("inventory written ahead")
	w.st.lingering = lingering{again: w.st.lingering.again} // some of it may be wanted again
	c.steps = w.due(c)
	if w.st.alarms = alarms(objects); !w.changed(c) {
		w.st.alarmed = c.built.sum // they ran, or there was no need
	}
	return nil
}

// advance goes on until the course ends or waits.
func (w *work) advance(ctx context.Context, c *course) {
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	for c.at < len(c.steps) {
		if w.superseded(ctx, c) {
			w.st.abort()
			w.queue.wake(w.st.key)
			return
		}
		step := c.steps[c.at]
		c.at++
		if f := w.take(ctx, limited, c, step); f != nil {
			w.conclude(ctx, c, f.afterApply())
			return
		}
		if c.awaits != nil {
			w.judge(ctx)
		}
		if c.awaits != nil || w.st.course != c {
			return
		}
	}
	w.conclude(ctx, c, w.prune(limited, c))
}

// take applies one step. What comes after it waits for its health.
func (w *work) take(life, ctx context.Context, c *course, step apply.Step) *failure {
	did := c.applier.ApplyStep(ctx, c.plan, step)
	w.metrics.did(did)
	w.autoscalers.forget(did)
	w.step(fmt.Sprintf("applied %s %d", step.Phase, step.Wave))
	w.tellTaken(ctx, did)
	if f := applyFailure(did); f != nil {
		if step.Hooks() {
			f.reason = v1.ReasonHookFailed
		}
		return f
	}
	if step.Hooks() {
		w.st.ran.note(c.built.sum, step)
	} else {
		c.result.Outcomes = append(c.result.Outcomes, did.Outcomes...)
		w.st.sent.note(c.built.rendered.Set(), did)
	}
	if c.at < len(c.steps) || step.Hooks() {
		w.awaitStep(life, c, step, did)
	}
	return nil
}
