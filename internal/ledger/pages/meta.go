package pages

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/bits"
)

const (
	magic         = 0xED0CDAED
	version       = 2
	headerSize    = 16 // of every page: id, kind, count, pages that follow
	metaSize      = 64
	minPage       = 1 << 10
	maxPage       = 1 << 24
	noFreelist    = ^uint64(0)
	kindBranch    = 0x01
	kindLeaf      = 0x02
	kindMeta      = 0x04
	kindFreelist  = 0x10
	fullCount     = 0xFFFF // the count of a free list that is longer stands in its first element
	elementSize   = 16
	bucketFlag    = 1
	bucketHead    = 16 // of a bucket's value: its root page, its sequence
	deepestOfTree = 64
)

// meta is what a meta page says.
type meta struct {
	pageSize int
	root     uint64
	freelist uint64
	end      uint64 // the first page that was never used
	txid     uint64
	named    bool // the page says which one it is
}

// readMeta chooses among the two meta pages as bbolt does: the newest that is whole.
func (c *checker) readMeta() (meta, error) {
	first, ok := c.metaAt(0)
	if ok {
		c.pageSize = first.pageSize
	} else if c.pageSize = c.secondMeta(); c.pageSize == 0 {
		return meta{}, fmt.Errorf("%w: neither of its first pages is whole", ErrDamaged)
	}
	named := !ok || first.named
	if second, whole := c.metaAt(int64(c.pageSize)); whole {
		named = named && second.named
		if !ok || second.txid > first.txid {
			first = second
		}
	}
	if !named || first.pageSize != c.pageSize || first.end < 3 || first.end > 1<<40 {
		return meta{}, fmt.Errorf("%w: its first pages contradict each other", ErrDamaged)
	}
	return first, nil
}

// secondMeta finds the page's size by looking for the second meta page where it would
// stand with each.
func (c *checker) secondMeta() int {
	for size := minPage; size <= maxPage; size <<= 1 {
		if m, ok := c.metaAt(int64(size)); ok && m.pageSize == size {
			return size
		}
	}
	return 0
}

func (c *checker) metaAt(offset int64) (meta, bool) {
	buf := make([]byte, headerSize+metaSize)
	if err := c.read(buf, offset); err != nil {
		return meta{}, false
	}
	b, order := buf[headerSize:], binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaSize-8]) // a hash takes everything
	m := meta{
		pageSize: int(order.Uint32(b[8:])), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		end: order.Uint64(b[40:]), txid: order.Uint64(b[48:]),
	}
	m.named = order.Uint64(buf) == min(1, uint64(offset)) && order.Uint16(buf[8:]) == kindMeta //nolint:gosec // G115: not negative
	whole := order.Uint32(b) == magic && order.Uint32(b[4:]) == version && order.Uint64(b[56:]) == sum.Sum64()
	sized := m.pageSize >= minPage && m.pageSize <= maxPage && bits.OnesCount(uint(m.pageSize)) == 1
	return m, whole && sized
}

// freelist counts the free pages: all that aren't in use.
func (c *checker) freelist(head meta) (int64, error) {
	if head.freelist == noFreelist {
		return 0, nil
	}
	p, err := c.page(head.freelist)
	if err != nil {
		return 0, err
	}
	if p.kind != kindFreelist {
		return 0, c.damaged(p.id, "it is no list of free pages")
	}
	ids, count := p.data[headerSize:], uint64(p.count) //nolint:gosec // G115: read from 16 bits
	if p.count == fullCount {
		if len(ids) < 8 {
			return 0, c.damaged(p.id, "it is too short")
		}
		ids, count = ids[8:], binary.NativeEndian.Uint64(ids)
	}
	if count > uint64(len(ids)/8) {
		return 0, c.damaged(p.id, "it is shorter than it says")
	}
	for i := range count {
		// A free page may lie beyond the end of a file that was cut.
		if id := binary.NativeEndian.Uint64(ids[8*i:]); id >= head.end {
			return 0, c.damaged(id, "it is free, and was never there")
		} else if id < c.end {
			if err := c.mark(id, 1); err != nil {
				return 0, err
			}
		}
	}
	// A page that nothing leads to was lost with what led there.
	for id := range min(head.end, c.end) {
		if c.seen[id/64]&(1<<(id%64)) == 0 {
			return 0, c.damaged(id, "it is neither used nor free")
		}
	}
	return int64(count), nil //nolint:gosec // G115: bounded by the page's length
}
