package reconciler

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

// announceAfter is how long an attempt may last before its Sync says that it is under
// way. Most are over by then, and cost one write of the status less.
const announceAfter = 300 * time.Millisecond

// announce says that an attempt changes things from here on: at once to the forge,
// and in the status when it takes its time. After a restart the revision that is
// applied already is gone through in silence. The caller calls what it returns once
// the status is its own again.
func (w *work) announce(ctx context.Context, a attempt) (settle func()) {
	if w.st.retry.failures > 0 || w.wasReady(a) {
		return func() {}
	}
	w.board().working("applying " + a.revision)
	w.report(a.revision, StatePending, "applying")
	before, now := w.sync.DeepCopy(), *w.st.status.DeepCopy()
	before.Status, now.ObservedGeneration = *w.st.written.DeepCopy(), w.sync.Generation
	enough, written := make(chan struct{}), make(chan bool, 1)
	go func() {
		timer := time.NewTimer(announceAfter)
		defer timer.Stop()
		select {
		case <-enough:
			written <- false
		case <-timer.C:
			written <- w.patchStatus(ctx, before, now) == nil
		}
	}()
	return func() {
		close(enough)
		if <-written {
			w.st.written = now
		}
	}
}

// patchStatus writes what differs between the status that before holds and now.
func (c *controller) patchStatus(ctx context.Context, before *v1.Sync, now v1.SyncStatus) error {
	after := before.DeepCopy()
	after.Status = *now.DeepCopy()
	return c.client.Status().Patch(ctx, after, client.MergeFrom(before), client.FieldOwner(apply.FieldManager))
}
