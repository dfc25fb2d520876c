// Package pages tells whether a file is a sound bbolt database, by reading it page
// by page as an ordinary file.
//
// bbolt itself believes what it maps into memory: a page that was damaged on the disk
// is a panic there, or a fault that ends the process. So the file is looked through
// before bbolt sees it. What is checked: the meta pages with their sums, every page
// that can be reached from the root (its kind, its bounds, the order of its keys, that
// nothing else leads to it), and that the list of free pages names all others and none of those. What
// isn't: the values, which carry no sum in bbolt; who writes them must add one.
//
// The format is that of bbolt's internal/common (page.go, meta.go, bucket.go), version
// 2, in the byte order of the machine.
package pages

import (
	"errors"
	"fmt"
	"io"
)

// ErrDamaged is what Check returns, wrapped with the place, for a file that is no
// database, or that is no longer a whole one. Errors of reading come as they are.
var ErrDamaged = errors.New("not a sound database")

// Report is what a sound database is made of.
type Report struct {
	PageSize int   // bytes
	Pages    int64 // in use or free, without what the file holds beyond them
	Free     int64 // of Pages
}

// Check reads the database in r, which holds size bytes. It allocates a bit a page,
// and the page that it looks at with those above it.
func Check(r io.ReaderAt, size int64) (Report, error) {
	c := checker{r: r, size: size}
	head, err := c.readMeta()
	if err != nil {
		return Report{}, err
	}
	c.end = min(head.end, uint64(c.size)/uint64(c.pageSize)+1) //nolint:gosec // G115: both are positive
	c.seen = make([]uint64, c.end/64+1)
	if err := c.mark(0, 2); err != nil {
		return Report{}, err
	}
	if err := c.tree(head.root, bounds{}, 0); err != nil {
		return Report{}, err
	}
	free, err := c.freelist(head)
	if err != nil {
		return Report{}, err
	}
	return Report{PageSize: c.pageSize, Pages: int64(head.end), Free: free}, nil //nolint:gosec // G115: bounded by readMeta
}

// checker looks through one file.
type checker struct {
	r        io.ReaderAt
	size     int64
	pageSize int
	end      uint64   // the first page that can't be in the file
	seen     []uint64 // a bit a page: something leads there
}

// mark notes that something leads to count pages from id on.
func (c *checker) mark(id, count uint64) error {
	if id >= c.end || count > c.end-id {
		return c.damaged(id, "it lies outside of the file")
	}
	for p := id; p < id+count; p++ {
		if c.seen[p/64]&(1<<(p%64)) != 0 {
			return c.damaged(p, "it is used twice")
		}
		c.seen[p/64] |= 1 << (p % 64)
	}
	return nil
}

func (c *checker) damaged(id uint64, what string) error {
	return fmt.Errorf("%w: page %d: %s", ErrDamaged, id, what)
}

// read fills buf from the offset; a file that ends before is a damaged one.
func (c *checker) read(buf []byte, offset int64) error {
	n, err := c.r.ReadAt(buf, offset)
	switch {
	case n == len(buf):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: the file ends at byte %d of %d", ErrDamaged, offset+int64(n), offset+int64(len(buf)))
	default:
		return fmt.Errorf("reading %d bytes from byte %d on: %w", len(buf), offset, err)
	}
}
