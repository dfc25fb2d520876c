package schedule

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// BurstConfig says how a Burst behaves; its zero value is ready for use.
type BurstConfig struct {
	// Clock tells the time. The default is the system's.
	Clock Clock
	// Quiet is how long nothing must have come before the call; the default is 2 s.
	Quiet time.Duration
	// Most is how long the call may be put off since the first came; the default is 10 s.
	Most time.Duration
}

const (
	defaultQuiet = 2 * time.Second
	defaultMost  = 10 * time.Second
)

// Burst makes one call of much that comes in quick succession: it waits until nothing
// more has come for a while, but not for ever. What came is for its user to keep.
type Burst struct {
	clock       Clock
	quiet, most time.Duration
	wake        chan struct{} // holds one: the first has come

	mu          sync.Mutex
	coming      bool
	first, last time.Time
}

// NewBurst makes a Burst. It starts nothing.
func NewBurst(c BurstConfig) *Burst {
	b := &Burst{clock: c.Clock, quiet: cmp.Or(c.Quiet, defaultQuiet), most: cmp.Or(c.Most, defaultMost), wake: make(chan struct{}, 1)}
	if b.clock == nil {
		b.clock = realClock{}
	}
	return b
}

// Add says that something has come. It may be called from any goroutine, before Run and
// during it, and doesn't wait.
func (b *Burst) Add() {
	b.mu.Lock()
	now := b.clock.Now()
	if !b.coming {
		b.coming, b.first = true, now
	}
	b.last = now
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default: // a signal is waiting already
	}
}

// Run calls f after each burst, until ctx ends. What comes during a call is the
// beginning of the next burst. It is for one goroutine.
func (b *Burst) Run(ctx context.Context, f func()) {
	for ctx.Err() == nil {
		wait, coming := b.due()
		switch {
		case !coming:
			select {
			case <-ctx.Done():
			case <-b.wake:
			}
		case wait > 0:
			fired, stop := b.clock.NewTimer(wait)
			select {
			case <-ctx.Done():
			case <-fired:
			}
			stop()
		default:
			f()
		}
	}
}

// due tells how long the burst has still to be waited for, and ends it when that is
// over. A clock that was set back ends it too, or it would wait until the old time.
func (b *Burst) due() (wait time.Duration, coming bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.coming {
		return 0, false
	}
	now := b.clock.Now()
	wait = min(b.last.Add(b.quiet).Sub(now), b.first.Add(b.most).Sub(now))
	if wait <= 0 || now.Before(b.last) {
		b.coming = false
		return 0, true
	}
	return wait, true
}
