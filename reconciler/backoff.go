package reconciler

import (
	"math/rand/v2"
	"time"
)

// backoff is the pause after failures in a row: it doubles, with jitter so that
// what failed together doesn't come back together.
type backoff struct {
	min, max time.Duration
	failures int
}

// next counts one more failure and gives the pause after it.
func (b *backoff) next() time.Duration {
	d := b.min
	for range b.failures {
		if d *= 2; d >= b.max {
			d = b.max
			break
		}
	}
	b.failures++
	return jitter(d)
}

func (b *backoff) reset() { b.failures = 0 }

// spread gives between half of d and one and a half.
func spread(d time.Duration) time.Duration {
	return d/2 + time.Duration(float64(d)*rand.Float64()) //nolint:gosec // spreads load; nobody gains by guessing it
}

// jitter gives between 90 and 110 per cent of d.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // spreads load; nobody gains by guessing it
}
