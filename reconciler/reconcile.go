package reconciler

import (
	"context"
	"time"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// do is the whole product: heal what drifted, judge health, and make the cluster
// equal to the newest revision if it isn't yet.
func (w *work) do(ctx context.Context) {
	asked := w.sync.Annotations[v1.AnnotationRequestedAt]
	if !w.now.Before(w.st.retryAt) || w.sync.Generation != w.st.generation || asked != w.st.asked {
		w.st.retryAt = time.Time{} // it is time, or a person changed something, or asks for it
	}
	w.st.asked = asked
	if w.outage.ended(w.st.key) {
		w.st.retryAt = time.Time{}
		w.st.retry.reset()
	}
	w.st.generation = w.sync.Generation
	if !w.sync.DeletionTimestamp.IsZero() {
		w.finalize(ctx)
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
	w.judge(ctx) // much is healthy at once
	w.linger(ctx)
	w.resave(ctx)
}

func (w *work) suspend(ctx context.Context) {
	w.sources.drop(w.st.key)
	w.watcher.ForgetSet(w.st.set)
	w.st.rest()
	w.board().suspended()
	w.say(ctx, "suspended", "true", event{normal, v1.ReasonSuspended, "suspended: nothing is applied, pruned or healed"})
}

func (w *work) resume() {
	w.board().remove(v1.ConditionSuspended)
	delete(w.st.said, "suspended")
}
