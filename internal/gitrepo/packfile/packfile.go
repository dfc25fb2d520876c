package packfile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
)

// What callers branch on, by errors.Is.
var (
	// ErrMalformed: what came isn't a pack, or breaks off.
	ErrMalformed = errors.New("malformed pack")
	// ErrTooLarge: the pack costs more than Limits allow.
	ErrTooLarge = errors.New("too large")
)

// Limits bound what one pack may cost; all are needed.
type Limits struct {
	// Objects is how many objects a pack may hold, and how many its trees may name.
	Objects int
	// Inflated is how many bytes may be inflated in all, what deltas make included.
	Inflated int64
	// Commit and Tree bound one commit or tag, and one tree, in bytes.
	Commit, Tree int64
	// Held is how many bytes of objects may be in memory at once.
	Held int64
}

// File is where a pack is kept while it comes in.
type File interface {
	io.Writer
	io.ReaderAt
}

// Pack is a pack that was taken in.
type Pack struct {
	// Checksum stands at the pack's end, and names it.
	Checksum plumbing.Hash
	// Size is the pack's length in bytes.
	Size int64
	// Names are the objects outside of the pack that its commits and trees name, each
	// with its kind. Parents and submodules aren't among them.
	Names map[plumbing.Hash]plumbing.ObjectType

	entries []entry
}

// entry is an object of the pack, in the order of their places.
type entry struct {
	offset int64
	size   int64 // as its header says: a delta's own
	crc    uint32
	base   int32 // of an offset delta: the entry of its base; else -1
	child  int32 // the first of the deltas against this one, or -1
	next   int32 // the next delta against the same base, or -1
	kind   plumbing.ObjectType
	hash   plumbing.Hash
}

// Receive copies one pack from r into f, which must be empty, and looks through it. An
// error of r or f comes back wrapped, so that the caller knows it again.
func Receive(ctx context.Context, r io.Reader, f File, limits Limits) (*Pack, error) {
	in := &intake{
		ctx: ctx, limits: limits, left: limits.Inflated,
		source: newSource(r, f), file: f, hasher: plumbing.NewHasher(plumbing.BlobObject, 0),
		names: map[plumbing.Hash]plumbing.ObjectType{},
		refs:  map[plumbing.Hash][]int32{},
	}
	count, err := in.header()
	if err != nil {
		return nil, fmt.Errorf("reading the pack's header: %w", err)
	}
	for n := range count {
		if err := in.object(); err != nil {
			return nil, fmt.Errorf("reading object %d of %d of the pack: %w", n+1, count, err)
		}
	}
	sum, err := in.source.finish()
	if err != nil {
		return nil, fmt.Errorf("reading the pack's end: %w", err)
	}
	if err := in.resolve(); err != nil {
		return nil, fmt.Errorf("resolving the pack's deltas: %w", err)
	}
	for _, e := range in.entries {
		delete(in.names, e.hash)
	}
	return &Pack{Checksum: sum, Size: in.source.place(), Names: in.names, entries: in.entries}, nil
}

// Len is the number of objects in the pack.
func (p *Pack) Len() int { return len(p.entries) }

// WriteIndex writes the pack's index, version 2.
func (p *Pack) WriteIndex(w io.Writer) error {
	var index idxfile.Writer
	if err := index.OnHeader(uint32(len(p.entries))); err != nil { //nolint:gosec // the count came from a uint32
		return fmt.Errorf("indexing the pack: %w", err)
	}
	for _, e := range p.entries {
		index.Add(e.hash, uint64(e.offset), e.crc) //nolint:gosec // a place in a file isn't negative
	}
	if err := index.OnFooter(p.Checksum); err != nil {
		return fmt.Errorf("indexing the pack: %w", err)
	}
	made, err := index.Index()
	if err != nil {
		return fmt.Errorf("indexing the pack: %w", err)
	}
	if _, err := idxfile.NewEncoder(w).Encode(made); err != nil {
		return fmt.Errorf("writing the pack's index: %w", err)
	}
	return nil
}
