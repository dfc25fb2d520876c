package packfile_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/towline-dev/towline/internal/gitrepo/packfile"
)

func TestHostilePacks(t *testing.T) {
	some := bytes.Repeat([]byte("0123456789abcdef"), 1<<12) // 64 KiB
	for _, test := range []struct {
		name string
		make func(b *builder)
		want error
	}{
		{"fine", func(b *builder) { b.delta(b.delta(b.add(blob, []byte("a")), appends(1, "b")), appends(2, "c")) }, nil},
		{"empty", func(*builder) {}, nil},
		{"more objects than allowed", func(b *builder) { b.count = 10_001 }, packfile.ErrTooLarge},
		{"a header that claims 4 billion", func(b *builder) { b.count = 1<<32 - 1 }, packfile.ErrTooLarge},
		{"more objects claimed than there are", func(b *builder) { b.add(blob, []byte("a")); b.count = 9999 }, packfile.ErrMalformed},
		{"a type that doesn't exist", func(b *builder) { b.add(5, []byte("a")) }, packfile.ErrMalformed},
		{"a size of 80 bits", func(b *builder) { b.body.Write(bytes.Repeat([]byte{0xff}, 11)); b.count++ }, packfile.ErrMalformed},
		{"longer than claimed", func(b *builder) { b.object(blob, 1, nil, some) }, packfile.ErrMalformed},
		{"shorter than claimed", func(b *builder) { b.object(blob, 1<<17, nil, some) }, packfile.ErrMalformed},
		{"no zlib", func(b *builder) { b.body.WriteString("\x31abcdefgh"); b.count++ }, packfile.ErrMalformed},
		{"a file of 65 MiB", func(b *builder) { b.add(blob, make([]byte, 65<<20)) }, packfile.ErrTooLarge},
		{"a file that claims a petabyte", func(b *builder) { b.object(blob, 1<<50, nil, some) }, packfile.ErrTooLarge},
		{"a folder of 2 MiB", func(b *builder) { b.add(tree, make([]byte, 2<<20)) }, packfile.ErrTooLarge},
		{"a message of 1 MiB", func(b *builder) { b.add(commit, make([]byte, 1<<20)) }, packfile.ErrTooLarge},
		{"a tag of 1 MiB", func(b *builder) { b.add(tag, make([]byte, 1<<20)) }, packfile.ErrTooLarge},
		{"a delta that makes 1 GiB", func(b *builder) { b.delta(b.add(blob, some), copies(len(some), 1<<14)) }, packfile.ErrTooLarge},
		{"a delta that makes a folder of 2 MiB", func(b *builder) { b.delta(b.add(tree, some), copies(len(some), 32)) }, packfile.ErrTooLarge},
		{"thousands of deltas that make 1 MiB", func(b *builder) {
			at := b.add(blob, some)
			for range 1000 {
				b.delta(at, copies(len(some), 16))
			}
		}, packfile.ErrTooLarge},
		{"a delta of 9 MiB", func(b *builder) { b.delta(b.add(blob, some), make([]byte, 9<<20)) }, packfile.ErrTooLarge},
		{"a chain of 9000 deltas", func(b *builder) {
			at := b.add(blob, []byte("a"))
			for range 9000 {
				at = b.delta(at, []byte{1, 1, 0x90, 1}) // each makes what it is made of
			}
		}, nil},
		{"a fan that is held at every level", func(b *builder) {
			at := b.add(blob, some)
			for range 20 {
				b.delta(at, copies(len(some), 1))
				next := b.delta(at, copies(len(some), 16))
				b.delta(next, copies(1<<20, 1))
				at = b.delta(next, copies(1<<20, 1))
			}
		}, packfile.ErrTooLarge},
		{"a delta against nothing", func(b *builder) { b.object(refDelta, 4, make([]byte, 20), appends(1, "b")) }, packfile.ErrMalformed},
		{"a delta against itself", func(b *builder) { b.delta(12, appends(1, "b")) }, packfile.ErrMalformed},
		{"a delta against before the pack", func(b *builder) { b.delta(-5, appends(1, "b")) }, packfile.ErrMalformed},
		{"a delta into the midst", func(b *builder) { b.delta(b.add(blob, []byte("a"))+1, appends(1, "b")) }, packfile.ErrMalformed},
		{"a delta against another size", func(b *builder) { b.delta(b.add(blob, []byte("a")), appends(2, "b")) }, packfile.ErrMalformed},
		{"a delta that copies from behind the end", func(b *builder) {
			b.delta(b.add(blob, []byte("a")), []byte{1, 9, 0x91, 7, 9})
		}, packfile.ErrMalformed},
		{"a delta that makes less than it says", func(b *builder) { b.delta(b.add(blob, []byte("a")), []byte{1, 9}) }, packfile.ErrMalformed},
		{"an empty delta", func(b *builder) { b.delta(b.add(blob, []byte("a")), nil) }, packfile.ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b builder
			test.make(&b)
			var err error
			used := allocated(func() { _, err = receive(t, bytes.NewReader(b.bytes()), limits()) })
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if used > 400<<20 { // the race detector has buffers made anew
				t.Errorf("%d MiB were allocated", used>>20)
			}
		})
	}
}

// allocated is what f allocates in all, whether it was freed again or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A file's size costs time, and no memory.
func TestLargeFileIsStreamed(t *testing.T) {
	const size = 256 << 20
	var body bytes.Buffer
	z := zlib.NewWriter(&body)
	if _, err := io.CopyN(z, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	b := builder{count: 1}
	b.body.Write([]byte{0xb0, 0x80, 0x80, 0x80, 0x08}) // a blob of 256 MiB
	b.body.Write(body.Bytes())
	l := limits()
	l.Inflated = 2 << 30
	var pack *packfile.Pack
	var err error
	used := allocated(func() { pack, err = receive(t, bytes.NewReader(b.bytes()), l) })
	if err != nil || pack.Len() != 1 {
		t.Fatalf("%v, %v", pack, err)
	}
	if used > 2<<20 {
		t.Errorf("%d KiB were allocated", used>>10)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Wherever a pack breaks off or is damaged, that is noticed.
func TestDamagedPacks(t *testing.T) {
	var b builder
	at := b.add(blob, []byte("some text"))
	b.delta(at, appends(9, ", and more"))
	b.add(tree, []byte("100644 a\x00"+strings.Repeat("x", 20)))
	whole := b.bytes()
	if _, err := receive(t, iotest.OneByteReader(bytes.NewReader(whole)), limits()); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := receive(t, bytes.NewReader(whole[:n]), limits()); !errors.Is(err, packfile.ErrMalformed) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off after %d bytes: %v", n, err)
		}
		for bit := range 8 {
			bad := bytes.Clone(whole)
			bad[n] ^= 1 << bit
			if _, err := receive(t, bytes.NewReader(bad), limits()); err == nil {
				t.Errorf("bit %d of byte %d is wrong, and nobody noticed", bit, n)
			}
		}
	}
}

// The stream's own error comes back, and a caller who goes away is heeded.
func TestReceiveStops(t *testing.T) {
	var b builder
	b.add(blob, make([]byte, 32<<20))
	whole := b.bytes()
	broken := errors.New("the network is gone")
	_, err := receive(t, io.MultiReader(bytes.NewReader(whole[:100]), iotest.ErrReader(broken)), limits())
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if _, err := receiveWith(ctx, t, bytes.NewReader(whole), limits()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func FuzzReceive(f *testing.F) {
	var b builder
	b.delta(b.add(blob, []byte("some text")), appends(9, ", and more"))
	b.add(commit, []byte("tree 0123456789012345678901234567890123456789\n"))
	b.add(tree, []byte("40000 a\x00"+strings.Repeat("x", 20)))
	b.object(refDelta, 4, make([]byte, 20), appends(1, "b"))
	f.Add(b.count, b.body.Bytes())
	f.Fuzz(func(t *testing.T, count uint32, body []byte) {
		made := builder{count: count}
		made.body.Write(body)
		pack := made.bytes()
		got, err := receive(t, bytes.NewReader(pack), limits())
		if err == nil && got.Len() != int(binary.BigEndian.Uint32(pack[8:])) {
			t.Errorf("%d objects of %d", got.Len(), count)
		}
	})
}
