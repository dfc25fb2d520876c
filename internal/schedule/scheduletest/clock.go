// Package scheduletest has a clock for tests of what runs on package schedule:
// time stands still until the test moves it.
package scheduletest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Clock is a schedule.Clock that is turned by hand. Make it with NewClock.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	timers  map[*timer]bool
	changed chan struct{} // closed and replaced when a timer is made
}

type timer struct {
	at    time.Time
	fired chan time.Time
}

// NewClock returns a clock that stands at now.
func NewClock(now time.Time) *Clock {
	return &Clock{now: now, timers: map[*timer]bool{}, changed: make(chan struct{})}
}

// Now implements schedule.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// NewTimer implements schedule.Clock.
func (c *Clock) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), fired: make(chan time.Time, 1)}
	c.timers[t] = true
	c.fire()
	close(c.changed)
	c.changed = make(chan struct{})
	return t.fired, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, t)
	}
}

// Advance moves the clock on and fires the timers that have come due. A
// negative d sets it back, as an administrator would.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.fire()
}

// Idle waits until somebody waits for the clock, which is how a test knows that
// a Scheduler has done all that was due. It returns how long the earliest timer
// still has, or an error when ctx ends first.
func (c *Clock) Idle(ctx context.Context) (time.Duration, error) {
	for {
		c.mu.Lock()
		changed := c.changed
		left, waiting := c.earliest()
		c.mu.Unlock()
		if waiting {
			return left, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, fmt.Errorf("waiting for a timer: %w", ctx.Err())
		}
	}
}

func (c *Clock) earliest() (left time.Duration, waiting bool) {
	for t := range c.timers {
		if d := t.at.Sub(c.now); !waiting || d < left {
			left, waiting = d, true
		}
	}
	return left, waiting
}

func (c *Clock) fire() {
	for t := range c.timers {
		if !t.at.After(c.now) {
			t.fired <- c.now
			delete(c.timers, t)
		}
	}
}
