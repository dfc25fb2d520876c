package packfile

import (
	"bytes"
	"cmp"
	"compress/flate"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/go-git/go-git/v5/plumbing"
)

// intake is one pack under way.
type intake struct {
	ctx     context.Context //nolint:containedctx // lives as long as one call of Receive
	limits  Limits
	left    int64 // bytes that may still be inflated
	source  *source
	file    File
	inflate io.ReadCloser // a zlib reader, used again for each object
	chunk   []byte
	hasher  plumbing.Hasher // used again too
	scratch [32]byte

	entries []entry
	names   map[plumbing.Hash]plumbing.ObjectType
	refs    map[plumbing.Hash][]int32 // deltas by the name of their base
	held    int64                     // bytes of objects in memory
}

func (in *intake) header() (uint32, error) {
	var head [12]byte
	if _, err := io.ReadFull(in.source, head[:]); err != nil {
		return 0, err
	}
	version, count := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	switch {
	case string(head[:4]) != "PACK":
		return 0, fmt.Errorf("it doesn't begin as one: %w", ErrMalformed)
	case version != 2 && version != 3:
		return 0, fmt.Errorf("version %d: %w", version, ErrMalformed)
	case uint64(count) > uint64(in.limits.Objects): //nolint:gosec // a limit isn't negative
		return 0, fmt.Errorf("%d objects where %d are allowed: %w", count, in.limits.Objects, ErrTooLarge)
	}
	return count, nil
}

// object reads the next object. One that isn't a delta gets its name.
func (in *intake) object() error {
	if err := in.source.mark(); err != nil {
		return err
	}
	e := entry{offset: in.source.place(), base: -1, child: -1, next: -1}
	var err error
	if e.kind, e.size, err = objectHeader(in.source); err != nil {
		return err
	}
	at := int32(len(in.entries)) //nolint:gosec // bounded by Limits.Objects
	switch e.kind {
	case plumbing.OFSDeltaObject:
		if e.base, err = in.offsetBase(e.offset); err == nil {
			e.next = in.entries[e.base].child
			in.entries[e.base].child = at
		}
	case plumbing.REFDeltaObject:
		var base plumbing.Hash
		if _, err = io.ReadFull(in.source, base[:]); err == nil {
			in.refs[base] = append(in.refs[base], at)
		}
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	default:
		err = fmt.Errorf("an object of type %d: %w", e.kind, ErrMalformed)
	}
	if err != nil {
		return err
	}
	if e.hash, err = in.content(e); err != nil {
		return err
	}
	if err := in.source.keep(); err != nil {
		return err
	}
	e.crc = in.source.crc
	in.entries = append(in.entries, e)
	return nil
}

// content inflates an object as it comes in. Files are only summed up, and deltas only
// passed over: they are read again when their base is known.
func (in *intake) content(e entry) (plumbing.Hash, error) {
	if e.kind.IsDelta() {
		if e.size > in.limits.Held {
			return plumbing.ZeroHash, fmt.Errorf("a delta of %d bytes: %w", e.size, ErrTooLarge)
		}
		return plumbing.ZeroHash, in.copy(io.Discard, in.source, e.size)
	}
	in.begin(e.kind, e.size)
	if e.kind == plumbing.BlobObject {
		err := in.copy(in.hasher, in.source, e.size)
		return in.hasher.Sum(), err
	}
	if err := in.checkSize(e.kind, e.size); err != nil {
		return plumbing.ZeroHash, err
	}
	var data bytes.Buffer
	if err := in.copy(io.MultiWriter(in.hasher, &data), in.source, e.size); err != nil {
		return plumbing.ZeroHash, err
	}
	return in.hasher.Sum(), in.note(e.kind, data.Bytes())
}

// begin readies the hasher for an object.
func (in *intake) begin(kind plumbing.ObjectType, size int64) {
	in.hasher.Reset()
	head := append(in.scratch[:0], kind.Bytes()...)
	head = strconv.AppendInt(append(head, ' '), size, 10)
	_, _ = in.hasher.Write(append(head, 0)) // a hash takes everything
}

// checkSize bounds what is read as a whole.
func (in *intake) checkSize(kind plumbing.ObjectType, size int64) error {
	limit := in.limits.Held
	switch kind {
	case plumbing.CommitObject, plumbing.TagObject:
		limit = in.limits.Commit
	case plumbing.TreeObject:
		limit = in.limits.Tree
	}
	if size > limit {
		return fmt.Errorf("a %s of %d bytes where %d are allowed: %w", kind, size, limit, ErrTooLarge)
	}
	return nil
}

// copy inflates exactly size bytes.
func (in *intake) copy(w io.Writer, r flate.Reader, size int64) error {
	if err := in.spend(size); err != nil {
		return err
	}
	if err := in.open(r); err != nil {
		return zlibError(err)
	}
	if in.chunk == nil {
		in.chunk = make([]byte, 32<<10)
	}
	for left := size; ; {
		if err := in.ctx.Err(); err != nil {
			return context.Cause(in.ctx)
		}
		n, err := in.inflate.Read(in.chunk)
		if left -= int64(n); left < 0 {
			return fmt.Errorf("an object is longer than its header says: %w", ErrMalformed)
		}
		if _, failed := w.Write(in.chunk[:n]); failed != nil {
			return failed
		}
		switch {
		case errors.Is(err, io.EOF) && left > 0:
			return fmt.Errorf("an object is shorter than its header says: %w", ErrMalformed)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return zlibError(err)
		}
	}
}

// spend takes from what may be inflated in all.
func (in *intake) spend(size int64) error {
	if in.left -= size; in.left < 0 {
		return fmt.Errorf("the pack inflates to more than the %d bytes that are allowed: %w", in.limits.Inflated, ErrTooLarge)
	}
	return nil
}

func (in *intake) open(r flate.Reader) (err error) {
	if in.inflate == nil {
		in.inflate, err = zlib.NewReader(r)
		return err
	}
	reset, ok := in.inflate.(zlib.Resetter)
	if !ok {
		return errors.New("the zlib reader can't be used again")
	}
	return reset.Reset(r, nil)
}

// zlibError calls what can't be inflated malformed, and leaves errors of reading be.
func zlibError(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, zlib.ErrHeader) || errors.Is(err, zlib.ErrChecksum) || errors.Is(err, zlib.ErrDictionary) || errors.As(err, &corrupt) {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return err
}

// offsetBase reads how far before an object its base stands.
func (in *intake) offsetBase(at int64) (int32, error) {
	b, err := in.source.ReadByte()
	distance := int64(b & 0x7f)
	for b&0x80 != 0 && err == nil && distance < 1<<54 {
		b, err = in.source.ReadByte()
		distance = (distance+1)<<7 | int64(b&0x7f)
	}
	if err != nil {
		return -1, err
	}
	n, ok := slices.BinarySearchFunc(in.entries, at-distance, func(e entry, place int64) int { return cmp.Compare(e.offset, place) })
	if !ok {
		return -1, fmt.Errorf("a delta's base lies where no object begins: %w", ErrMalformed)
	}
	return int32(n), nil //nolint:gosec // bounded by Limits.Objects
}

// objectHeader reads an object's type and size.
func objectHeader(r io.ByteReader) (plumbing.ObjectType, int64, error) {
	b, err := r.ReadByte()
	kind, size := plumbing.ObjectType(b>>4&7), int64(b&15)
	for shift := 4; b&0x80 != 0 && err == nil; shift += 7 {
		if shift > 53 {
			return 0, 0, fmt.Errorf("an object's size has too many digits: %w", ErrMalformed)
		}
		b, err = r.ReadByte()
		size |= int64(b&0x7f) << shift
	}
	return kind, size, err
}
