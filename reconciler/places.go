package reconciler

import (
	"context"
	"slices"
	"sync"
)

// maxReserve is how many places are kept back at most, see places.
const maxReserve = 2

// places bounds how many polls are under way. The last ones are kept for whoever holds
// none: first for another server or another namespace, the very last for another namespace
// alone. So neither a server that hangs nor the Syncs of one namespace, whatever they
// name, hold the others up.
type places struct {
	mu      sync.Mutex
	free    int
	reserve int
	held    map[holder]int
	line    []*claim // in the order in which they came
}

// holder is a server or a namespace, by name.
type holder struct{ server, namespace string }

// claim is a wait for a place.
type claim struct {
	server, namespace holder
	granted           chan struct{}
}

func newPlaces(n int) *places {
	return &places{free: n, reserve: min(maxReserve, n/4), held: map[holder]int{}}
}

// take waits for a place and gives what returns it. Of a repository that several
// namespaces use, the one that holds the fewest places takes it.
func (p *places) take(ctx context.Context, server string, namespaces []string) (release func(), err error) {
	c := &claim{server: holder{server: server}, granted: make(chan struct{})}
	p.mu.Lock()
	for _, name := range namespaces {
		if h := (holder{namespace: name}); c.namespace == (holder{}) || p.held[h] < p.held[c.namespace] {
			c.namespace = h
		}
	}
	p.line = append(p.line, c)
	p.grant()
	p.mu.Unlock()
	select {
	case <-c.granted:
		return func() { p.release(c) }, nil
	case <-ctx.Done():
		p.giveUp(c)
		return nil, context.Cause(ctx)
	}
}

// grant gives the free places to those in line who may have them. The lock must be held.
func (p *places) grant() {
	p.line = slices.DeleteFunc(p.line, func(c *claim) bool {
		if !p.may(c) {
			return false
		}
		p.free--
		p.held[c.server]++
		p.held[c.namespace]++
		close(c.granted)
		return true
	})
}

func (p *places) may(c *claim) bool {
	switch {
	case p.free > p.reserve:
		return true
	case p.free == 0:
		return false
	case p.free == p.reserve && p.held[c.server] == 0:
		return true
	}
	return p.held[c.namespace] == 0
}

func (p *places) release(c *claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	for _, h := range []holder{c.server, c.namespace} {
		if p.held[h]--; p.held[h] == 0 {
			delete(p.held, h)
		}
	}
	p.grant()
}

// giveUp leaves the line, or returns the place that was granted in this moment.
func (p *places) giveUp(c *claim) {
	p.mu.Lock()
	at := slices.Index(p.line, c)
	if at >= 0 {
		p.line = slices.Delete(p.line, at, at+1)
	}
	p.mu.Unlock()
	if at < 0 {
		p.release(c)
	}
}
