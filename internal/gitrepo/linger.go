package gitrepo

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// pushGrace is how long a push that is being sent may go on when the caller is to stop.
// It is well below the half minute that Kubernetes gives a Pod.
const pushGrace = 15 * time.Second

// lingering gives a context that ends with ctx; but once begin was called, it outlives
// the cancellation of ctx, though no deadline of it, by a time.
func lingering(ctx context.Context, grace time.Duration) (longer context.Context, begin, cancel func()) {
	longer, end := context.WithCancelCause(context.WithoutCancel(ctx))
	var begun atomic.Bool
	stop := context.AfterFunc(ctx, func() {
		if begun.Load() && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			timer := time.NewTimer(grace)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-longer.Done():
			}
		}
		end(context.Cause(ctx))
	})
	return longer, func() { begun.Store(true) }, func() {
		stop()
		end(context.Canceled)
	}
}
