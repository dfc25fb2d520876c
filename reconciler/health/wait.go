package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Wait returns when all targets are Current or one has Failed, both with a nil error, or when ctx ends, with its cause.
// The report always says how each target stood at that moment.
func (w *Waiter) Wait(ctx context.Context, request Request) (Report, error) {
	if request.Set == "" {
		return Report{}, errors.New("waiting for health: the set has no ID")
	}
	looking, stop := context.WithCancel(ctx)
	var lookups sync.WaitGroup
	defer lookups.Wait()
	defer stop()
	v := &vigil{
		Waiter: w, set: request.Set, changed: make(chan struct{}, 1),
		pods: make(map[types.UID]*podState), noticed: make(map[string]time.Time),
		run: func(work func(context.Context)) { lookups.Go(func() { work(looking) }) },
	}
	defer v.end()
	if err := v.follow(ctx, request); err != nil {
		report, _ := v.look()
		return report, fmt.Errorf("waiting for health: %w", err)
	}
	return v.await(ctx, request.Progress)
}

// restPerLook is how many times as long as it has looked a wait rests before it looks again, however much changes: with
// ten thousand objects a look takes milliseconds, and each of them changes several times on its way.
const restPerLook = 4

// await looks whenever something has changed.
func (v *vigil) await(ctx context.Context, progress func(Report)) (Report, error) {
	timer := time.NewTimer(never)
	defer timer.Stop()
	var told Report
	for {
		start := time.Now()
		report, again := v.look()
		pause := time.Since(start) * restPerLook
		if progress != nil && !slices.Equal(report.Objects, told.Objects) {
			told = report
			progress(report)
		}
		if report.Healthy() || len(report.Failed()) > 0 {
			return report, nil
		}
		if again > 0 {
			timer.Reset(again)
		}
		select {
		case <-v.changed:
			breathe(ctx, pause)
		case <-timer.C:
		case <-ctx.Done():
			report, _ = v.look()
			return report, fmt.Errorf("waiting for health: %w", context.Cause(ctx))
		}
	}
}

// follow takes up the targets, and starts to watch those that have a status.
func (v *vigil) follow(ctx context.Context, request Request) error {
	for _, wanted := range request.Targets {
		v.targets = append(v.targets, &target{ref: wanted.Ref, applied: wanted.ResourceVersion, state: newObjectState(wanted.Ref.GroupKind(), nil)})
	}
	// Each look's report is in their order.
	slices.SortFunc(v.targets, func(x, y *target) int { return inventory.Compare(x.ref, y.ref) })
	states := make(map[schema.GroupKind]*objectState)
	for _, t := range v.targets {
		kind := t.ref.GroupKind()
		if lacksStatus(t.ref) && !request.Rules.has(kind) {
			t.state = nil
			continue
		}
		if _, known := states[kind]; !known {
			state, err := v.watch(ctx, kind, request.Rules)
			if err != nil {
				return err
			}
			states[kind] = state
		}
		t.state, t.gone = states[kind], states[kind] == nil
	}
	return nil
}

// watch starts to watch the set's objects of one kind. The result is nil where the cluster doesn't have the kind, in the
// version that a rule is written for: it was taken away.
func (v *vigil) watch(ctx context.Context, kind schema.GroupKind, rules *Rules) (*objectState, error) {
	mapping, err := v.mapper.Mapping(ctx, kind, rules.version(kind))
	if meta.IsNoMatchError(err) {
		return nil, nil //nolint:nilnil // see above
	}
	if err != nil {
		return nil, err
	}
	state, release := v.hub.objects(mapping.Resource, kind, v.set, rules, v.signal)
	v.release = append(v.release, release)
	return state, nil
}

// breathe waits for a while, or until ctx ends.
func breathe(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
