package health

import "sync"

// audience is who wants to be told of changes, by set.
type audience struct {
	listeners *listeners
}

type listeners struct {
	mu   sync.Mutex
	last int
	of   map[string]map[int]func()
}

func newAudience() audience {
	return audience{&listeners{of: make(map[string]map[int]func())}}
}

// join has signal called for each change that concerns the set, until leave is called. It mustn't block.
func (a audience) join(set string, signal func()) (leave func()) {
	l := a.listeners
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	id := l.last
	if l.of[set] == nil {
		l.of[set] = make(map[int]func())
	}
	l.of[set][id] = signal
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.of[set], id)
		if len(l.of[set]) == 0 {
			delete(l.of, set)
		}
	}
}

func (a audience) tell(set string) {
	a.listeners.mu.Lock()
	defer a.listeners.mu.Unlock()
	for _, signal := range a.listeners.of[set] {
		signal()
	}
}

func (a audience) tellAll() {
	a.listeners.mu.Lock()
	defer a.listeners.mu.Unlock()
	for _, set := range a.listeners.of {
		for _, signal := range set {
			signal()
		}
	}
}
