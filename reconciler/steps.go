package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

// due gives the steps of a course. Hooks run when the set has changed: never for a
// mere restart, and not again for what they did already, when an attempt is made again.
func (w *work) due(c *course) []apply.Step {
	changed := w.changed(c)
	return slices.DeleteFunc(c.plan.Steps(), func(s apply.Step) bool {
		return s.Hooks() && (!changed || w.st.ran.has(c.built.sum, s))
	})
}

// ran are the steps of hooks that were gone through for one rendering.
type ran struct {
	sum   string
	steps map[string]bool
}

func (r *ran) note(sum string, s apply.Step) {
	if r.sum != sum {
		*r = ran{sum: sum, steps: map[string]bool{}}
	}
	r.steps[stepName(s)] = true
}

func (r *ran) has(sum string, s apply.Step) bool { return r.sum == sum && r.steps[stepName(s)] }

// stepName names a step for people, as "wave 2" or "the pre-sync hooks of wave 0".
func stepName(s apply.Step) string {
	if s.Hooks() {
		return fmt.Sprintf("the %s hooks of wave %d", s.Phase, s.Wave)
	}
	return fmt.Sprintf("wave %d", s.Wave)
}

// awaitStep has the course wait beside the work for what a step applied.
func (w *work) awaitStep(ctx context.Context, c *course, step apply.Step, did apply.Result) {
	targets := targets(did)
	if len(targets) == 0 {
		return
	}
	w.st.awaited = fmt.Sprintf("applied %s of %s, waiting for %d objects to become healthy before %s", stepName(step), c.of.revision, len(targets), c.after())
	if w.st.retry.failures == 0 && !w.wasReady(c.of) {
		w.board().working(w.st.awaited)
	}
	w.st.targets = targets
	c.awaits = w.wait(ctx)
}

// after names what comes next.
func (c *course) after() string {
	if c.at < len(c.steps) {
		return stepName(c.steps[c.at])
	}
	return "the end"
}

// arrive takes the verdict on the step that a course waits for.
func (w *work) arrive(ctx context.Context, c *course, v *verdict) {
	step := c.steps[c.at-1]
	c.awaits = nil
	healthy := v.err == nil && v.report.Healthy()
	if step.Hooks() {
		w.clear(ctx, c, step, healthy)
	}
	if healthy {
		w.step(fmt.Sprintf("healthy %s %d", step.Phase, step.Wave))
		return
	}
	if v.err != nil && !errors.Is(v.err, errTooSlow) {
		w.conclude(ctx, c, fail(v1.ReasonHealthFailed, v.err))
		return
	}
	reason, message := w.illness(v)
	err := fmt.Errorf("%s: %s", stepName(step), message)
	w.board().unhealthy(reason, err.Error())
	if step.Hooks() {
		// Running it again is for a person to decide: nobody knows what it did.
		w.st.ran = ran{}
		w.conclude(ctx, c, fail(v1.ReasonHookFailed, err).forGood().afterApply())
		return
	}
	w.conclude(ctx, c, fail(v1.ReasonHealthFailed, err).afterApply())
}

// clear deletes the hooks of a step that want to go now. Those that can't go stay in
// the inventory, as all hooks do.
func (w *work) clear(ctx context.Context, c *course, step apply.Step, healthy bool) {
	when := apply.HookFailed
	if healthy {
		when = apply.Succeeded
	}
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	if err := c.applier.ClearHooks(limited, c.plan, step, when).Err(); err != nil && w.news("hooks", masked(err.Error())) {
		w.Log.WarnContext(ctx, "deleting hooks", "sync", w.st.key.String(), "error", err)
	}
}

// alarms gives the hooks that run when an attempt failed. They are kept because it
// may fail long after its course is over.
func alarms(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, object := range objects {
		if strings.Contains(object.GetAnnotations()[apply.HookAnnotation], string(apply.SyncFail)) {
			found = append(found, object)
		}
	}
	return found
}

// alarm runs the hooks of a failure, once for what was rendered. Nothing waits for
// them.
func (w *work) alarm(ctx context.Context, sum string) {
	if len(w.st.alarms) == 0 || w.st.alarmed == sum {
		return
	}
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	if err := w.runAlarms(limited); err != nil {
		w.say(ctx, "alarm", masked(err.Error()), event{warning, v1.ReasonHookFailed, err.Error()})
		return
	}
	w.st.alarmed = sum
	w.step("alarmed")
}

func (w *work) runAlarms(ctx context.Context) error {
	applier, err := w.identities.of(w.sync)
	if err != nil {
		return err
	}
	plan, err := applier.Plan(ctx, w.set(ctx, w.st.alarms))
	if err != nil {
		return err
	}
	for _, step := range plan.FailSteps() {
		did := applier.ApplyStep(ctx, plan, step)
		w.metrics.did(did)
		if f := applyFailure(did); f != nil {
			return fmt.Errorf("running %s: %w", stepName(step), f.err)
		}
	}
	return nil
}
