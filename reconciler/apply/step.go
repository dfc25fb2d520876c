package apply

import (
	"cmp"
	"context"
	"slices"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Phase is a part of a sync.
type Phase string

// The phases, in their order. Objects that aren't hooks belong to Main.
const (
	PreSync  Phase = "pre-sync"
	Main     Phase = "sync"
	PostSync Phase = "post-sync"
	SyncFail Phase = "sync-fail" // in place of what is left of the others, once one of them failed
)

func (p Phase) order() int { return slices.Index([]Phase{PreSync, Main, PostSync, SyncFail}, p) }

// Step is a part of a plan that is applied at once. What comes after it may rely on it: where there is a next step, the
// caller waits until this one's objects are healthy, or its hooks done.
type Step struct {
	Phase Phase
	Wave  int
	// Refs are the step's objects, sorted; those that can't be placed aren't among them, so there may be none.
	Refs []inventory.ObjectRef
}

// Hooks reports whether the step runs hooks.
func (s Step) Hooks() bool { return s.Phase != Main }

// Steps returns what is to be applied, in order: hooks of [PreSync], the objects themselves, hooks of [PostSync], each by
// waves. Objects that failed in planning have a step, too, which reports them.
func (p *Plan) Steps() []Step {
	return p.steps(func(phase Phase) bool { return phase != SyncFail })
}

// FailSteps returns the hooks that run when the plan couldn't be applied, or didn't become healthy, by waves.
func (p *Plan) FailSteps() []Step {
	return p.steps(func(phase Phase) bool { return phase == SyncFail })
}

// Hooks returns the plan's hooks of all phases, sorted. They belong to the set while they exist.
func (p *Plan) Hooks() []inventory.ObjectRef {
	var refs []inventory.ObjectRef
	for _, it := range p.items {
		if it.traits.hook() {
			refs = append(refs, it.ref)
		}
	}
	return refs
}

// place is where in the order of steps an object belongs.
type position struct {
	phase Phase
	wave  int
}

func (p *Plan) steps(wanted func(Phase) bool) []Step {
	found := map[position][]inventory.ObjectRef{}
	note := func(t traits, refs ...inventory.ObjectRef) {
		for _, phase := range t.phases {
			if wanted(phase) {
				at := position{phase, t.wave}
				found[at] = append(found[at], refs...)
			}
		}
	}
	for _, it := range p.items {
		note(it.traits, it.ref)
	}
	for _, failure := range p.failed {
		note(failure.traits)
	}
	steps := make([]Step, 0, len(found))
	for at, refs := range found {
		steps = append(steps, Step{Phase: at.phase, Wave: at.wave, Refs: refs})
	}
	slices.SortFunc(steps, func(x, y Step) int {
		return cmp.Or(cmp.Compare(x.Phase.order(), y.Phase.order()), cmp.Compare(x.Wave, y.Wave))
	})
	return steps
}

// stages returns the step's items by stages: each needs those before it. Items of one stage are in the plan's order.
func (p *Plan) stages(step Step) [][]item {
	stages := make([][]item, lastStage+1)
	for _, it := range p.items {
		if it.traits.wave == step.Wave && slices.Contains(it.traits.phases, step.Phase) {
			at := stageOf(it.ref.GroupKind())
			stages[at] = append(stages[at], it)
		}
	}
	return stages
}

// ApplyStep applies one step of the plan by stages: Namespaces and custom resource definitions, once those are served
// the classes and roles that others refer to, and then the rest side by side. Every object of the step gets an outcome,
// also when ctx ends midway; one that is refused holds no other up. Hooks that still stand are deleted first and made
// again, see [HookDeleteAnnotation].
func (a *Applier) ApplyStep(ctx context.Context, plan *Plan, step Step) Result {
	outcomes := a.applyStages(ctx, plan, step, false)
	for _, failure := range plan.failed {
		if failure.traits.wave == step.Wave && slices.Contains(failure.traits.phases, step.Phase) {
			outcomes = append(outcomes, failure.outcome)
		}
	}
	return newResult(outcomes)
}

func (a *Applier) applyStages(ctx context.Context, plan *Plan, step Step, unasked bool) []Outcome {
	var outcomes []Outcome
	for _, items := range plan.stages(step) {
		done := a.applyAll(ctx, plan.id, items, unasked)
		if slices.ContainsFunc(done, func(o Outcome) bool { return o.Ref.GroupKind() == definitionKind() && o.Action != Unchanged }) {
			a.mapper.Changed()
		}
		outcomes = append(outcomes, done...)
	}
	return outcomes
}

// Apply applies the plan's objects wave by wave, without waiting for their health in between and without its hooks: what
// heals drift. What others took is taken back at once, and Outcome.Conflicts is empty: who drifts is known already.
// Every object that isn't a hook gets an outcome, and so does what failed in planning.
func (a *Applier) Apply(ctx context.Context, plan *Plan) Result {
	var outcomes []Outcome
	for _, step := range plan.steps(func(phase Phase) bool { return phase == Main }) {
		outcomes = append(outcomes, a.applyStages(ctx, plan, step, true)...)
	}
	for _, failure := range plan.failed {
		outcomes = append(outcomes, failure.outcome)
	}
	return newResult(outcomes)
}
