package packfile_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1" //nolint:gosec // the checksum at a pack's end is against accidents
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo/packfile"
)

// The types of a pack's objects.
const (
	commit, tree, blob, tag = 1, 2, 3, 4
	offsetDelta, refDelta   = 6, 7
)

// builder makes packs, such as no Git makes too.
type builder struct {
	body  bytes.Buffer
	count uint32
	z     *zlib.Writer
}

// object adds an object whose header claims size bytes, and gives its place.
func (b *builder) object(kind byte, size int, between, content []byte) int {
	at := 12 + b.body.Len()
	b.count++
	first, rest := kind<<4|byte(size&15), size>>4
	for rest > 0 {
		b.body.WriteByte(first | 0x80)
		first, rest = byte(rest&0x7f), rest>>7
	}
	b.body.WriteByte(first)
	b.body.Write(between)
	if b.z == nil {
		b.z = zlib.NewWriter(nil)
	}
	b.z.Reset(&b.body)
	_, _ = b.z.Write(content) // memory takes everything
	_ = b.z.Close()
	return at
}

func (b *builder) add(kind byte, content []byte) int {
	return b.object(kind, len(content), nil, content)
}

// delta adds a delta against the object at a place.
func (b *builder) delta(base int, content []byte) int {
	distance := 12 + b.body.Len() - base
	digits := []byte{byte(distance & 0x7f)}
	for distance >>= 7; distance > 0; distance >>= 7 {
		distance--
		digits = append([]byte{0x80 | byte(distance&0x7f)}, digits...)
	}
	return b.object(offsetDelta, len(content), digits, content)
}

func (b *builder) bytes() []byte {
	var pack bytes.Buffer
	pack.WriteString("PACK")
	_ = binary.Write(&pack, binary.BigEndian, []uint32{2, b.count})
	pack.Write(b.body.Bytes())
	sum := sha1.Sum(pack.Bytes()) //nolint:gosec // see above
	return append(pack.Bytes(), sum[:]...)
}

func number(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) } //nolint:gosec // tests' own numbers

// copies is a delta that copies the first 64 KiB of its base n times.
func copies(base, n int) []byte {
	d := append(number(base), number(n<<16)...)
	return append(d, bytes.Repeat([]byte{0x80}, n)...) // no size means 64 KiB
}

// appends is a delta that takes the whole base, of less than 256 bytes, and a text.
func appends(base int, text string) []byte {
	d := append(number(base), number(base+len(text))...)
	d = append(d, 0x90, byte(base), byte(len(text))) //nolint:gosec // of less than 256 bytes
	return append(d, text...)
}

func limits() packfile.Limits {
	return packfile.Limits{Objects: 10_000, Inflated: 64 << 20, Commit: 1 << 16, Tree: 1 << 20, Held: 8 << 20}
}

func receive(tb testing.TB, r io.Reader, l packfile.Limits) (*packfile.Pack, error) {
	tb.Helper()
	return receiveWith(tb.Context(), tb, r, l)
}

func receiveWith(ctx context.Context, tb testing.TB, r io.Reader, l packfile.Limits) (*packfile.Pack, error) {
	tb.Helper()
	f, err := os.CreateTemp(tb.TempDir(), "pack")
	if err != nil {
		tb.Fatal(err)
	}
	pack, err := packfile.Receive(ctx, r, f, l)
	return pack, errors.Join(err, f.Close())
}
