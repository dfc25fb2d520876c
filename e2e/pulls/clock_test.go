package pulls_test

import (
	"context"
	"sync"
	"time"
)

// clock is the time of a story: it stands still until it is turned. At a forge that
// has a clock of its own, it runs as that one does, and being turned only adds to it.
type clock struct {
	mu    sync.Mutex
	runs  bool
	at    time.Time     // while it doesn't run
	ahead time.Duration // of the machine's clock, while it runs
}

// storyBegins is a Monday morning.
func storyBegins() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// Now tells the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs {
		return time.Now().Add(c.ahead)
	}
	return c.at
}

func (c *clock) turn(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.ahead = c.at.Add(by), c.ahead+by
}

// pass lets some time go by, for what people do one after the other.
func (c *clock) pass(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// settle lets the second in which something was done go by, where the forge has a clock
// of its own: forges date by the second, and people are slower than that.
func (c *clock) settle(ctx context.Context) {
	c.mu.Lock()
	runs := c.runs
	c.mu.Unlock()
	if !runs {
		return
	}
	now := time.Now()
	next := time.NewTimer(now.Truncate(time.Second).Add(1100 * time.Millisecond).Sub(now))
	defer next.Stop()
	select {
	case <-next.C:
	case <-ctx.Done():
	}
}

// noSleep is for whoever would wait between tries.
func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }
