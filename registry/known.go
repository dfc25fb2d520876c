package registry

import (
	"container/list"
	"strings"
	"sync"
)

// knownPages remembers pages of lists that came with an ETag, so that a registry
// that gives one is asked whether there is news. Each page is known by its
// address and vouched for by its own ETag: pages that changed at different times
// are never mixed. What was used longest ago goes first.
type knownPages struct {
	most int64 // bytes

	mu     sync.Mutex
	size   int64
	byAddr map[string]*list.Element // of *knownPage
	order  list.List                // the last used first
}

type knownPage struct {
	etag, next string
	tags       []string
	dropped    int
	sample     string

	address string
}

// maxETag bounds what a server can have us send back.
const maxETag = 256

func newKnownPages(most int64) *knownPages {
	return &knownPages{most: most, byAddr: map[string]*list.Element{}}
}

// get returns the page, nil when it isn't known. It is not to be changed.
func (k *knownPages) get(address string) *knownPage {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.byAddr[address]
	if e == nil {
		return nil
	}
	k.order.MoveToFront(e)
	return pageOf(e)
}

// put remembers a copy of the page, and forgets what was known under the
// address. Without an ETag that can be sent back, and where the page would take
// more than an eighth of the room, that is all it does.
func (k *knownPages) put(address string, p *knownPage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if old := k.byAddr[address]; old != nil {
		k.remove(old)
	}
	p.address = address
	if !canSend(p.etag) || p.cost() > k.most/8 {
		return
	}
	p.tags = packed(p.tags)
	k.byAddr[address] = k.order.PushFront(p)
	k.size += p.cost()
	for k.size > k.most {
		k.remove(k.order.Back())
	}
}

func (k *knownPages) remove(e *list.Element) {
	p := pageOf(e)
	k.order.Remove(e)
	delete(k.byAddr, p.address)
	k.size -= p.cost()
}

func pageOf(e *list.Element) *knownPage {
	p, _ := e.Value.(*knownPage) // nothing else is put in
	return p
}

// cost is about what the page takes in memory, in bytes.
func (p *knownPage) cost() int64 {
	const header, rest = 16, 256
	n := int64(len(p.address) + len(p.next) + len(p.etag) + len(p.sample) + rest)
	for _, tag := range p.tags {
		n += int64(len(tag)) + header
	}
	return n
}

// packed copies the tags into one text, so that they don't keep the answer's
// whole body in memory.
func packed(tags []string) []string {
	var text strings.Builder
	size := 0
	for _, tag := range tags {
		size += len(tag)
	}
	text.Grow(size)
	for _, tag := range tags {
		text.WriteString(tag)
	}
	all, copies := text.String(), make([]string, len(tags))
	for i, tag := range tags {
		copies[i], all = all[:len(tag)], all[len(tag):]
	}
	return copies
}

// canSend tells whether the entity tag may stand in a request's header.
func canSend(etag string) bool {
	if etag == "" || len(etag) > maxETag {
		return false
	}
	for i := range len(etag) {
		if etag[i] <= ' ' || etag[i] > '~' {
			return false
		}
	}
	return true
}
