package reconciler

import (
	"context"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

const (
	// probeEvery spaces the questions whether the API server is back.
	probeEvery   = 500 * time.Millisecond
	probeTimeout = 5 * time.Second
)

// outage wakes the Syncs that failed because the API server was away as soon as it
// is back, so that none sits out a pause that has grown meanwhile. It asks only
// while there is such a Sync. A server that answers when first asked wasn't away:
// then the failure was another one, and its own pause holds.
type outage struct {
	ask  func(ctx context.Context) error
	wake func(types.NamespacedName)

	mu      sync.Mutex
	hit     map[types.NamespacedName]bool
	away    bool // the last question wasn't answered
	over    map[types.NamespacedName]bool
	suspect chan struct{}
}

func newOutage(ask func(context.Context) error, wake func(types.NamespacedName)) *outage {
	return &outage{
		ask: ask, wake: wake,
		hit: map[types.NamespacedName]bool{}, over: map[types.NamespacedName]bool{}, suspect: make(chan struct{}, 1),
	}
}

// ready asks the API server whether it is ready. One that doesn't want to tell us is.
func ready(client rest.Interface) func(context.Context) error {
	return func(ctx context.Context) error {
		code := 0
		err := client.Get().AbsPath("/readyz").Do(ctx).StatusCode(&code).Error()
		if code > 0 && code < http.StatusInternalServerError {
			return nil
		}
		return err
	}
}

// suffered notes that a Sync failed in a way in which it does when the API server is away.
func (o *outage) suffered(key types.NamespacedName) {
	o.mu.Lock()
	o.hit[key] = true
	o.mu.Unlock()
	select {
	case o.suspect <- struct{}{}:
	default:
	}
}

// ended tells, once, whether an outage that the Sync suffered from is over.
func (o *outage) ended(key types.NamespacedName) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	ended := o.over[key]
	delete(o.over, key)
	return ended
}

// run asks until ctx ends.
func (o *outage) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.suspect:
		}
		for o.probe(ctx) {
			if !wait(ctx, jitter(probeEvery)) {
				return nil
			}
		}
	}
}

// probe asks once and tells whether to ask again.
func (o *outage) probe(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := o.ask(limited)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.away = true
		return true
	}
	for key := range o.hit {
		if o.away {
			o.over[key] = true
			o.wake(key)
		}
	}
	o.away = false
	clear(o.hit)
	return false
}
