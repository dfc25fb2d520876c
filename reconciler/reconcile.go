package reconciler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// do is the whole product: heal what drifted, judge health, and make the cluster
// equal to the newest revision if it isn't yet.
func (w *work) do(ctx context.Context) {
	if !w.now.Before(w.st.retryAt) || w.sync.Generation != w.st.generation {
		w.st.retryAt = time.Time{} // it is time, or a person changed something
	}
	if w.outage.ended(w.st.key) {
		w.st.retryAt = time.Time{}
		w.st.retry.reset()
	}
	w.st.generation = w.sync.Generation
	if !w.sync.DeletionTimestamp.IsZero() {
		w.finalize(ctx)
		return
	}
	if err := w.claim(ctx); err != nil {
		w.later(ctx, v1.ReasonFailed, err)
		return
	}
	if w.sync.Spec.Suspend {
		w.suspend(ctx)
		return
	}
	w.resume()
	w.heal(ctx)
	w.judge(ctx)
	if source, ok := w.source(ctx); ok {
		w.attempt(ctx, source)
	}
}

// claim puts our finalizer on the Sync before anything is applied for it.
func (w *work) claim(ctx context.Context) error {
	before := w.sync.DeepCopy()
	if !controllerutil.AddFinalizer(w.sync, v1.Finalizer) {
		return nil
	}
	if err := w.client.Patch(ctx, w.sync, client.MergeFrom(before), client.FieldOwner(apply.FieldManager)); err != nil {
		return fmt.Errorf("adding the finalizer: %w", err)
	}
	return nil
}

func (w *work) suspend(ctx context.Context) {
	w.sources.drop(w.st.key)
	w.st.stopWaiting()
	w.st.takeDrift()
	w.watcher.ForgetSet(w.st.set)
	w.st.retryAt, w.st.done, w.st.tried = time.Time{}, attempt{}, attempt{}
	w.board().suspended()
	w.say(ctx, "suspended", "true", event{normal, v1.ReasonSuspended, "suspended: nothing is applied, pruned or healed"})
}

func (w *work) resume() {
	w.board().remove(v1.ConditionSuspended)
	delete(w.st.said, "suspended")
}

// attempt makes the cluster equal to a revision, unless that is done.
func (w *work) attempt(ctx context.Context, source snapshot) {
	a := attempt{
		revision: source.name(), generation: w.sync.Generation,
		requested: w.sync.Annotations[v1.AnnotationRequestedAt], consent: w.sync.Annotations[v1.AnnotationConsent],
	}
	if a == w.st.done || a == w.st.tried && !w.st.retryAt.IsZero() {
		return
	}
	if !w.dependenciesReady(ctx, source) {
		return
	}
	applier, err := w.identities.of(w.sync)
	if err != nil {
		w.stall(ctx, a, v1.ReasonImpersonation, err)
		return
	}
	if a != w.st.tried {
		w.st.retry.reset()
	}
	w.st.tried, w.st.retryAt = a, time.Time{}
	w.st.status.LastAttemptedRevision, w.st.status.LastHandledReconcileAt = a.revision, a.requested

	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	start := w.Now()
	outcome, f := w.run(limited, ctx, applier, source, a)
	w.conclude(ctx, a, outcome, f)
	w.metrics.attempted(w.Now().Sub(start), f.reasonOr(v1.ReasonSucceeded))
}

// outcome is what an attempt did.
type outcome struct {
	result apply.Result
	same   bool // rendered as before, and all of that stands: nothing was done
}

// run is the pipeline: build, remember what may come to be, apply, prune,
// remember what is left.
func (w *work) run(ctx, life context.Context, applier *apply.Applier, source snapshot, a attempt) (outcome, *failure) {
	objects, f := w.build(ctx, source)
	if f != nil {
		return outcome{}, f
	}
	if w.stands(a, objects) {
		w.st.rendered.revision = a.revision
		return outcome{same: true}, nil
	}
	w.announce(life, a)
	plan, err := applier.Plan(ctx, apply.Set{ID: w.st.set, Namespace: w.sync.Namespace, Objects: objects})
	if err != nil {
		return outcome{}, fail(v1.ReasonFailed, err)
	}
	owned, err := w.st.store.Load(ctx)
	if err != nil {
		return outcome{}, fail(v1.ReasonInventoryFailed, err)
	}
	if err := w.st.store.Save(ctx, inventory.Ahead(owned, inventory.Items(plan.Refs()))); err != nil {
		return outcome{}, fail(v1.ReasonInventoryFailed, err)
	}
	w.st.rendered = &rendered{revision: a.revision, objects: objects}
	result := applier.Apply(ctx, plan)
	w.metrics.did(result)
	if f := applyFailure(result); f != nil {
		return outcome{result: result}, f
	}
	return outcome{result: result}, w.prune(ctx, applier, owned, plan)
}

func (w *work) build(ctx context.Context, source snapshot) ([]*unstructured.Unstructured, *failure) {
	if f := w.verify(ctx, source); f != nil {
		return nil, f
	}
	files, err := source.files()
	if err != nil {
		w.sources.lost(w.st.key)
		return nil, fail(v1.ReasonGitFailed, err)
	}
	objects, err := w.Builder.Build(ctx, build.Request{Files: files, Dir: w.sync.Spec.Source.Path})
	switch {
	case errors.Is(err, build.ErrEmpty):
		return nil, fail(v1.ReasonEmptyRender, fmt.Errorf("path %q gives no objects at all; nothing is pruned (hint: delete the Sync to remove everything)",
			w.sync.Spec.Source.Path)).forGood()
	case build.IsPermanent(err):
		return nil, fail(v1.ReasonBuildFailed, err).forGood()
	case err != nil:
		return nil, fail(v1.ReasonBuildFailed, err)
	}
	return objects, nil
}

// stands tells whether a revision renders to what is applied and ready already:
// a commit elsewhere in the repository.
func (w *work) stands(a attempt, objects []*unstructured.Unstructured) bool {
	done := w.st.done
	done.revision = a.revision
	return w.st.rendered != nil && done == a && isTrue(&w.st.status, v1.ConditionReady) &&
		equality.Semantic.DeepEqual(objects, w.st.rendered.objects)
}

// announce says that an attempt changes things from here on. After a restart the
// revision that is applied already is gone through in silence.
func (w *work) announce(ctx context.Context, a attempt) {
	if w.st.retry.failures > 0 || w.wasReady(a) {
		return
	}
	w.st.stopWaiting()
	w.board().working("applying " + a.revision)
	w.report(a.revision, StatePending, "applying")
	w.write(ctx)
}

// wasReady tells whether the Sync was ready at this revision and generation.
func (w *work) wasReady(a attempt) bool {
	return isTrue(&w.st.status, v1.ConditionReady) && w.st.status.LastAppliedRevision == a.revision &&
		w.st.status.ObservedGeneration == a.generation
}
