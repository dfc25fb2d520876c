package reconciler

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/reconciler/inventory"
)

const (
	// resaveAfter is how long after the last heal the inventory learns how objects stand
	// now, so that one which drifts again and again doesn't cost a write each time.
	resaveAfter = time.Minute
	// lastSaves bounds what is written down after the reconciler was told to stop.
	lastSaves = 5 * time.Second
)

// resave has the inventory hold how the objects that were healed were left. Without it the
// next start would apply each of them again.
func (w *work) resave(ctx context.Context) {
	if w.st.resaveAt.IsZero() || w.now.Before(w.st.resaveAt) || w.st.course != nil {
		return
	}
	w.st.resaveAt = time.Time{}
	if err := w.record(ctx, w.st); err != nil {
		w.st.resaveAt = w.Now().Add(resaveAfter)
		if w.news("resave", masked(err.Error())) {
			w.Log.WarnContext(ctx, "writing down how healed objects were left", "sync", w.st.key.String(), "error", err)
		}
	}
}

// record writes down how the objects of a Sync stand. A damaged inventory is left to the
// next attempt.
func (c *controller) record(ctx context.Context, st *state) error {
	owned, err := st.store.Load(ctx)
	if errors.Is(err, inventory.ErrCorrupt) || err == nil && len(owned) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return st.store.Save(ctx, inventory.Settled(owned, c.watcher.Recorded(st.set, inventory.Refs(owned))))
}

// recordLast writes down, when ctx ends, what resave would have a little later.
func (c *controller) recordLast(ctx context.Context) error {
	<-ctx.Done()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSaves)
	defer cancel()
	var saves errgroup.Group
	saves.SetLimit(c.Workers)
	for _, st := range c.states.all() {
		saves.Go(func() error {
			if !st.busy.enter(limited) {
				return nil
			}
			defer st.busy.leave()
			if st.resaveAt.IsZero() {
				return nil
			}
			if err := c.record(limited, st); err != nil {
				c.Log.WarnContext(limited, "writing down how healed objects were left", "sync", st.key.String(), "error", err)
			}
			return nil
		})
	}
	_ = saves.Wait() // errors are in the log: the next start applies those objects again
	return nil
}

// busy is held by who works on a state.
type busy chan struct{}

func newBusy() busy { return make(busy, 1) }

// enter waits until nobody works on the state, or ctx ends.
func (b busy) enter(ctx context.Context) bool {
	select {
	case b <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (b busy) leave() { <-b }
