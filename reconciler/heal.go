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
	"github.com/towline-dev/towline/reconciler/inventory"
)

// fightAttempts is how often an object must drift again before it is called a fight.
const fightAttempts = 3

// heal applies again just the objects that drifted, from what was rendered last.
// It needs neither the repository nor a build.
func (w *work) heal(ctx context.Context) {
	drifted := w.st.takeDrift()
	if len(drifted) == 0 || w.st.rendered == nil {
		return
	}
	var objects []*unstructured.Unstructured
	for ref := range drifted {
		if object := w.st.rendered.find(ref, w.sync.Namespace); object != nil {
			objects = append(objects, object)
		}
	}
	if len(objects) == 0 {
		return
	}
	applier, err := w.identities.of(w.sync)
	if err != nil {
		return // the attempt that follows says so
	}
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	plan, err := applier.Plan(limited, apply.Set{ID: w.st.set, Namespace: w.sync.Namespace, Objects: objects})
	if err != nil {
		w.unhealed(ctx, err)
		return
	}
	result := applier.Apply(limited, plan)
	w.metrics.did(result)
	for _, o := range result.Outcomes {
		if e, ok := drifted[o.Ref.Identity()]; ok && (o.Action == apply.Created || o.Action == apply.Configured) {
			w.healed(ctx, o.Ref, e)
		}
	}
	if f := applyFailure(result); f != nil {
		w.unhealed(ctx, f.err)
		return
	}
	w.rewait(ctx, result)
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
	if e.Cause == drift.Fields {
		what = fmt.Sprintf("%s lost %s", ref, strings.Join(first(e.Lost, 5), ", "))
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

// rewait waits again for the health of all objects, those that were healed included.
func (w *work) rewait(ctx context.Context, result apply.Result) {
	for i, t := range w.st.targets {
		for _, o := range result.Outcomes {
			if o.Ref.Identity() == t.Ref.Identity() {
				w.st.targets[i].ResourceVersion = o.ResourceVersion
			}
		}
	}
	if len(w.st.targets) > 0 {
		w.wait(ctx)
	}
}
