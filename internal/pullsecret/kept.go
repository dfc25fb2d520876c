package pullsecret

import (
	"context"
	"sync"
	"time"
)

const (
	// failureLife is how long a failure stands, so that a thousand repositories don't
	// ask for a missing Secret one after another.
	failureLife = 30 * time.Second
	// moment is how old an answer may be that is to be fresh: when a password changes,
	// many repositories are refused at once, and a client that logs in anew for other
	// reasons can't be told from one that was refused.
	moment = time.Minute
)

// kept keeps what was read, by the object's name.
type kept[V any] struct {
	life time.Duration
	now  func() time.Time
	read func(context.Context, object) (V, error)

	mu      sync.Mutex
	answers map[object]*answer[V]
}

// answer is what is known of one object. Whoever reads it holds busy.
type answer[V any] struct {
	busy      chan struct{}
	at, until time.Time
	value     V
	err       error
}

func newKept[V any](c Config, read func(context.Context, object) (V, error)) *kept[V] {
	return &kept[V]{life: c.Life, now: c.Now, read: read, answers: map[object]*answer[V]{}}
}

func (k *kept[V]) get(ctx context.Context, o object, fresh bool) (V, error) {
	a := k.answer(o)
	select {
	case a.busy <- struct{}{}:
		defer func() { <-a.busy }()
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
	if now := k.now(); now.Before(a.until) && (!fresh || now.Sub(a.at) < moment) {
		return a.value, a.err
	}
	value, err := k.read(ctx, o)
	if err != nil && ctx.Err() != nil {
		return value, err // the caller's end, which is nothing to remember
	}
	a.value, a.err, a.at = value, err, k.now()
	a.until = a.at.Add(k.life)
	if err != nil {
		a.until = a.at.Add(failureLife)
	}
	return value, err
}

func (k *kept[V]) answer(o object) *answer[V] {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.answers[o]
	if a == nil {
		a = &answer[V]{busy: make(chan struct{}, 1)}
		k.answers[o] = a
	}
	return a
}
