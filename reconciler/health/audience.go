package health

import "sync"

// audience is who wants to be told of changes, by topic: a set, or a workload.
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

// join has signal called for each change that concerns the topic, until leave is called. It mustn't block.
func (a audience) join(topic string, signal func()) (leave func()) {
	l := a.listeners
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	id := l.last
	if l.of[topic] == nil {
		l.of[topic] = make(map[int]func())
	}
	l.of[topic][id] = signal
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.of[topic], id)
		if len(l.of[topic]) == 0 {
			delete(l.of, topic)
		}
	}
}

func (a audience) tell(topic string) {
	a.listeners.mu.Lock()
	defer a.listeners.mu.Unlock()
	for _, signal := range a.listeners.of[topic] {
		signal()
	}
}

func (a audience) tellAll() {
	a.listeners.mu.Lock()
	defer a.listeners.mu.Unlock()
	for _, topic := range a.listeners.of {
		for _, signal := range topic {
			signal()
		}
	}
}
