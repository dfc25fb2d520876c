package registry

import (
	"container/list"
	"sync"
)

// Cache keeps manifests and configs by their digests. What a digest names never
// changes, so nothing in it ages, and it may outlive the process. It needn't be
// trusted: what comes out of it is hashed again. Methods may be called by many
// goroutines at once; the bytes belong to both sides and are never written to.
type Cache interface {
	// Get returns what was put under the key, and false where it isn't there any more.
	Get(key string) ([]byte, bool)
	// Put may keep the value or drop it.
	Put(key string, value []byte)
}

// defaultCacheSize bounds the default cache, in bytes: room for the configs of
// some thousand images.
const defaultCacheSize = 32 << 20

// memory is a Cache that drops what was used the longest ago.
type memory struct {
	size int

	mu     sync.Mutex
	used   int
	recent *list.List // of *cached, the latest used first
	byKey  map[string]*list.Element
}

type cached struct {
	key   string
	value []byte
}

func newMemory(size int) *memory {
	return &memory{size: size, recent: list.New(), byKey: map[string]*list.Element{}}
}

// Get implements Cache.
func (m *memory) Get(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.byKey[key]
	if !ok {
		return nil, false
	}
	m.recent.MoveToFront(e)
	return entryOf(e).value, true
}

// Put implements Cache. A value larger than a quarter of the cache isn't kept: it
// would drive out too much.
func (m *memory) Put(key string, value []byte) {
	if len(value) > m.size/4 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.byKey[key]; ok {
		m.drop(e)
	}
	m.byKey[key] = m.recent.PushFront(&cached{key, value})
	m.used += len(key) + len(value)
	for m.used > m.size {
		m.drop(m.recent.Back())
	}
}

func (m *memory) drop(e *list.Element) {
	c := entryOf(e)
	m.recent.Remove(e)
	delete(m.byKey, c.key)
	m.used -= len(c.key) + len(c.value)
}

func entryOf(e *list.Element) *cached {
	c, _ := e.Value.(*cached) // nothing else is ever put there
	return c
}
