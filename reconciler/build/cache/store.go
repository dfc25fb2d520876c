package cache

import (
	"container/list"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/towline-dev/towline/reconciler/build"
)

// key is a hash of the builder, the folder and the options.
type key [sha256.Size]byte

// maxVariants bounds the results of one key: Syncs of several branches or repositories
// may have the same folder and options.
const maxVariants = 4

// result is what a build came to.
type result struct {
	rendered *build.Rendered
	err      error
}

// entry is a result, and what must be so for it to hold.
type entry struct {
	key  key
	foot footprint
	root string // the whole tree that it was last found to hold for
	result
	size int64
}

// store keeps entries, the one that was used last at the front.
type store struct {
	limit int64

	mu           sync.Mutex
	entries      map[key][]*list.Element
	order        *list.List
	bytes        int64
	hits, misses int64
}

func newStore(limit int64) store {
	return store{limit: limit, entries: map[key][]*list.Element{}, order: list.New()}
}

func (s *store) stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Hits: s.hits, Misses: s.misses, Entries: s.order.Len(), Bytes: s.bytes}
}

// find gives the result of a key that holds for these files.
func (s *store) find(k key, root string, files build.Hasher) (result, bool) {
	s.mu.Lock()
	variants := slices.Clone(s.entries[k])
	for _, el := range variants {
		if e := entryOf(el); e.root == root {
			s.used(el)
			s.mu.Unlock()
			return e.result, true
		}
	}
	s.mu.Unlock()
	for _, el := range variants {
		e := entryOf(el)
		if ok, err := e.foot.holds(files); err == nil && ok { // reading goes on below where it failed, and tells
			s.mu.Lock()
			defer s.mu.Unlock()
			e.root = root
			if slices.Contains(s.entries[k], el) {
				s.used(el)
			}
			return e.result, true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.misses++
	return result{}, false
}

// entryOf gives what add has put into the list.
func entryOf(el *list.Element) *entry {
	e, ok := el.Value.(*entry)
	if !ok {
		return &entry{} // add puts nothing else there
	}
	return e
}

func (s *store) used(el *list.Element) {
	s.order.MoveToFront(el)
	s.hits++
}

// add keeps an entry, and drops others for it.
func (s *store) add(k key, e *entry) {
	e.key, e.size = k, int64(e.foot.size())+sizeOf(e.result)
	if e.size > s.limit {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[k] = append(s.entries[k], s.order.PushFront(e))
	s.bytes += e.size
	if variants := s.entries[k]; len(variants) > maxVariants {
		s.drop(variants[0])
	}
	for s.bytes > s.limit {
		s.drop(s.order.Back())
	}
}

func (s *store) drop(el *list.Element) {
	e := entryOf(el)
	s.order.Remove(el)
	s.bytes -= e.size
	left := slices.DeleteFunc(s.entries[e.key], func(other *list.Element) bool { return other == el })
	if len(left) == 0 {
		delete(s.entries, e.key)
		return
	}
	s.entries[e.key] = left
}

// overhead is about what an entry takes beside its parts.
const overhead = 512

func sizeOf(r result) int64 {
	if r.err != nil {
		return overhead + int64(len(r.err.Error()))
	}
	return overhead + int64(r.rendered.Size())
}
