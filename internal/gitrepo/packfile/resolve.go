package packfile

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	gogit "github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// frame is an object in memory against which deltas are still to be resolved.
type frame struct {
	kind plumbing.ObjectType
	data []byte
	next int32 // the next delta, or -1
}

// resolve names the deltas. From each object that is no delta it goes down through
// those that build on it, so that each is made once.
func (in *intake) resolve() error {
	named := 0
	for i := range in.entries {
		if in.entries[i].kind.IsDelta() {
			continue
		}
		named++
		in.adopt(i)
		if in.entries[i].child < 0 {
			continue
		}
		n, err := in.family(i)
		if err != nil {
			return err
		}
		named += n
	}
	if named < len(in.entries) {
		return fmt.Errorf("%d deltas have no base in the pack: %w", len(in.entries)-named, ErrMalformed)
	}
	return nil
}

// adopt makes the deltas that give entry i's name as their base children of it.
func (in *intake) adopt(i int) {
	for _, delta := range in.refs[in.entries[i].hash] {
		in.entries[delta].next = in.entries[i].child
		in.entries[i].child = delta
	}
	delete(in.refs, in.entries[i].hash)
}

// family resolves all that builds on entry root, and tells how much that was.
func (in *intake) family(root int) (int, error) {
	e := in.entries[root]
	data, err := in.again(e)
	if err != nil {
		return 0, err
	}
	named := 0
	frames := []frame{{kind: e.kind, data: data, next: e.child}}
	for len(frames) > 0 {
		top := &frames[len(frames)-1]
		base, i := *top, top.next
		top.next = in.entries[i].next
		last := top.next < 0
		made, err := in.patch(base, i)
		if err != nil {
			return named, err
		}
		if last { // its base isn't needed any more
			frames = frames[:len(frames)-1]
			in.held -= int64(len(base.data))
		}
		named++
		if in.adopt(int(i)); in.entries[i].child >= 0 {
			frames = append(frames, frame{kind: base.kind, data: made, next: in.entries[i].child})
			continue
		}
		in.held -= int64(len(made))
	}
	return named, nil
}

// patch makes the object of delta i, and names it.
func (in *intake) patch(base frame, i int32) ([]byte, error) {
	e := &in.entries[i]
	delta, err := in.again(*e)
	if err != nil {
		return nil, err
	}
	defer func() { in.held -= e.size }()
	size, err := resultSize(delta, len(base.data))
	if err != nil {
		return nil, err
	}
	for _, check := range []error{in.checkSize(base.kind, size), in.spend(size), in.hold(size)} {
		if check != nil {
			return nil, check
		}
	}
	made, err := gogit.PatchDelta(base.data, delta)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	in.begin(base.kind, size)
	_, _ = in.hasher.Write(made) // a hash takes everything
	e.hash = in.hasher.Sum()
	return made, in.note(base.kind, made)
}

// again reads an object from the file. The caller gives it back to in.held.
func (in *intake) again(e entry) ([]byte, error) {
	if err := in.hold(e.size); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(io.NewSectionReader(in.file, e.offset, 1<<62), 4<<10)
	kind, _, err := objectHeader(r)
	for more := kind == plumbing.OFSDeltaObject; more && err == nil; {
		var b byte
		b, err = r.ReadByte()
		more = b&0x80 != 0
	}
	if kind == plumbing.REFDeltaObject && err == nil {
		_, err = r.Discard(len(plumbing.ZeroHash))
	}
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	data.Grow(int(min(e.size, 1<<20)) + bytes.MinRead) // what it really is shows in inflating
	if err := in.copy(&data, r, e.size); err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

// hold counts bytes of objects that are kept in memory.
func (in *intake) hold(size int64) error {
	if in.held += size; in.held > in.limits.Held {
		return fmt.Errorf("deltas need more than the %d bytes of memory that are allowed: %w", in.limits.Held, ErrTooLarge)
	}
	return nil
}

// resultSize reads the head of a delta: the size of its base, and of what it makes.
func resultSize(delta []byte, base int) (int64, error) {
	r := bytes.NewReader(delta)
	var sizes [2]int64
	for n := range sizes {
		for shift := 0; ; shift += 7 {
			b, err := r.ReadByte()
			if err != nil || shift > 53 {
				return 0, fmt.Errorf("a delta has no proper head: %w", ErrMalformed)
			}
			sizes[n] |= int64(b&0x7f) << shift
			if b&0x80 == 0 {
				break
			}
		}
	}
	if sizes[0] != int64(base) {
		return 0, fmt.Errorf("a delta is against a base of another size: %w", ErrMalformed)
	}
	return sizes[1], nil
}
