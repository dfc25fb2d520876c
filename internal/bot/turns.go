package bot

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// defaultConcurrency is how many repositories are worked on at once: reading and editing
// a large one takes a core and some hundred megabytes for a moment.
const defaultConcurrency = 4

// turn is a worker's part in the bound on repositories that are worked on at once. Who
// has waited longest comes next, so nobody starves. A worker's rounds follow one
// another, so the turn itself needs no lock.
type turn struct {
	slots *semaphore.Weighted // shared by all workers
	held  bool
}

// take waits for the worker's turn, or for ctx to end.
func (t *turn) take(ctx context.Context) error {
	if err := t.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	t.held = true
	return nil
}

// give lets the next one in. Without a turn it does nothing.
func (t *turn) give() {
	if t.held {
		t.held = false
		t.slots.Release(1)
	}
}
