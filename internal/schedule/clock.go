package schedule

import (
	"math/rand/v2"
	"time"
)

// Clock tells the time and wakes the Scheduler. Package scheduletest has one that is turned by hand.
type Clock interface {
	// Now returns the current time; its location is that of expressions without CRON_TZ.
	Now() time.Time
	// NewTimer returns a channel that gets one value once d has passed, and a
	// function that gives the timer up.
	NewTimer(d time.Duration) (fired <-chan time.Time, stop func())
}

type realClock struct{}

// Now drops the monotonic reading: cron expressions are about the wall clock,
// also after the machine slept or its clock was set.
func (realClock) Now() time.Time { return time.Now().Round(0) }

func (realClock) NewTimer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Jitter returns how long after its moment an expression is due, given the time
// until its next moment. It is asked once a moment and expression, so that keys
// with the same expression stay together.
type Jitter func(spec string, period time.Duration) time.Duration

// NoJitter makes everything due at its very moment.
func NoJitter(string, time.Duration) time.Duration { return 0 }

// RandomJitter is the default: up to a tenth of the period, at most 30 s, and
// none for periods under 10 s. It keeps many bots with one expression from
// asking a registry in the same second.
func RandomJitter(_ string, period time.Duration) time.Duration {
	if period < 10*time.Second {
		return 0
	}
	return rand.N(min(period/10, 30*time.Second)) // #nosec G404 -- spreading load isn't a secret
}
