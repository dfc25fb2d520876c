package registry

import (
	"context"
	"sync"
)

// memo is a map whose values are worked out by the first who asks. It isn't
// x/sync/singleflight because a leader whose context ends must not decide for
// the others: then one of them takes over.
type memo[K comparable, V any] struct {
	// keep tells whether an answer is given to those who ask later too. The default is always.
	keep func(V, error) bool

	mu      sync.Mutex
	entries map[K]*entry[V]
}

type entry[V any] struct {
	done  chan struct{}
	value V
	err   error
	void  bool // the leader gave up; ask again
}

func (m *memo[K, V]) get(ctx context.Context, key K, work func() (V, error)) (V, error) {
	for {
		e, leader := m.entry(key)
		if leader {
			e.value, e.err = work()
			e.void = e.err != nil && ctx.Err() != nil
			if e.void || m.keep != nil && !m.keep(e.value, e.err) {
				m.remove(key)
			}
			close(e.done)
			return e.value, e.err
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			var none V
			return none, context.Cause(ctx)
		}
		if !e.void {
			return e.value, e.err
		}
	}
}

func (m *memo[K, V]) entry(key K) (e *entry[V], leader bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		return e, false
	}
	if m.entries == nil {
		m.entries = map[K]*entry[V]{}
	}
	e = &entry[V]{done: make(chan struct{})}
	m.entries[key] = e
	return e, true
}

func (m *memo[K, V]) remove(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// drop removes the values that have been worked out and are no longer wanted, and
// tells whether there were any.
func (m *memo[K, V]) drop(unwanted func(V) bool) (found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.entries {
		select {
		case <-e.done:
			if e.err == nil && unwanted(e.value) {
				delete(m.entries, key)
				found = true
			}
		default:
		}
	}
	return found
}
