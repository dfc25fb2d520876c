package pages

import (
	"bytes"
	"encoding/binary"
)

// page is a page with those that follow it as its overflow.
type page struct {
	id    uint64
	kind  uint16
	count int
	data  []byte // with its header
}

// bounds are those that a parent sets to the keys below it: from min on (nil: from the
// first), before max (nil: to the last).
type bounds struct{ min, max []byte }

// page reads the page and marks it as used.
func (c *checker) page(id uint64) (page, error) {
	if id < 2 || id >= c.end {
		return page{}, c.damaged(id, "it lies outside of the file")
	}
	offset := int64(id) * int64(c.pageSize) //nolint:gosec // G115: end is bounded by the file's size
	head := make([]byte, headerSize)
	if err := c.read(head, offset); err != nil {
		return page{}, err
	}
	order := binary.NativeEndian
	if order.Uint64(head) != id {
		return page{}, c.damaged(id, "it says that it is another")
	}
	length := 1 + uint64(order.Uint32(head[12:]))
	if err := c.mark(id, length); err != nil {
		return page{}, err
	}
	p := page{id: id, kind: order.Uint16(head[8:]), count: int(order.Uint16(head[10:]))}
	p.data = make([]byte, int64(length)*int64(c.pageSize)) //nolint:gosec // G115: bounded by mark
	return p, c.read(p.data, offset)
}

// tree walks the pages of a bucket from its root down.
func (c *checker) tree(root uint64, within bounds, depth int) error {
	if depth > deepestOfTree {
		return c.damaged(root, "it lies too deep")
	}
	p, err := c.page(root)
	if err != nil {
		return err
	}
	switch p.kind {
	case kindBranch:
		return c.branch(p, within, depth)
	case kindLeaf:
		return c.leaf(p, within, depth)
	default:
		return c.damaged(root, "it is neither a branch nor a leaf")
	}
}

func (c *checker) branch(p page, within bounds, depth int) error {
	if p.count == 0 {
		return c.damaged(p.id, "it is a branch without leaves")
	}
	keys, children := make([][]byte, p.count), make([]uint64, p.count)
	for i := range p.count {
		at := headerSize + i*elementSize
		if at+elementSize > len(p.data) {
			return c.damaged(p.id, "it holds more than fits")
		}
		element := p.data[at:]
		order := binary.NativeEndian
		key, ok := cut(element, order.Uint32(element), order.Uint32(element[4:]))
		if !ok {
			return c.damaged(p.id, "a key lies outside of it")
		}
		keys[i], children[i] = key, order.Uint64(element[8:])
	}
	if !ordered(keys, within) {
		return c.damaged(p.id, "its keys are in disorder")
	}
	for i, child := range children {
		inner := bounds{min: keys[i], max: within.max}
		if i+1 < len(keys) {
			inner.max = keys[i+1]
		}
		if err := c.tree(child, inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) leaf(p page, within bounds, depth int) error {
	keys := make([][]byte, p.count)
	for i := range p.count {
		at := headerSize + i*elementSize
		if at+elementSize > len(p.data) {
			return c.damaged(p.id, "it holds more than fits")
		}
		element := p.data[at:]
		order := binary.NativeEndian
		pos, size := order.Uint32(element[4:]), order.Uint32(element[8:])
		key, ok := cut(element, pos, size)
		value, whole := cut(element, pos+size, order.Uint32(element[12:]))
		if !ok || !whole || pos+size < pos {
			return c.damaged(p.id, "a value lies outside of it")
		}
		keys[i] = key
		if order.Uint32(element)&bucketFlag == 0 {
			continue
		}
		if err := c.bucket(p.id, value, depth); err != nil {
			return err
		}
	}
	if !ordered(keys, within) {
		return c.damaged(p.id, "its keys are in disorder")
	}
	return nil
}

// bucket goes into a bucket: a tree of its own or, when small, a leaf in the value.
func (c *checker) bucket(parent uint64, value []byte, depth int) error {
	if len(value) < bucketHead {
		return c.damaged(parent, "a bucket is cut short")
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return c.tree(root, bounds{}, depth+1)
	}
	inline := value[bucketHead:]
	if len(inline) < headerSize || binary.NativeEndian.Uint16(inline[8:]) != kindLeaf || depth > deepestOfTree {
		return c.damaged(parent, "a bucket in it is no leaf")
	}
	return c.leaf(page{id: parent, count: int(binary.NativeEndian.Uint16(inline[10:])), data: inline}, bounds{}, depth+1)
}

// cut gives size bytes from pos on, positions being counted from the element's start.
func cut(from []byte, pos, size uint32) ([]byte, bool) {
	end := uint64(pos) + uint64(size)
	if end > uint64(len(from)) {
		return nil, false
	}
	return from[pos:end], true
}

// ordered tells whether the keys rise and keep within the bounds.
func ordered(keys [][]byte, within bounds) bool {
	for i, key := range keys {
		if i > 0 && bytes.Compare(keys[i-1], key) >= 0 {
			return false
		}
	}
	if len(keys) == 0 {
		return true
	}
	return (within.min == nil || bytes.Compare(within.min, keys[0]) <= 0) &&
		(within.max == nil || bytes.Compare(keys[len(keys)-1], within.max) < 0)
}
