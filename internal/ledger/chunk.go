package ledger

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
)

// The tags of a repository stand in chunks, each a value under its first tag: in order,
// each tag as how many bytes it has in common with the one before and the rest, and its
// times relative to the chunk's. A million tags of twenty bytes take about ten bytes
// each, and a tag that is new writes one chunk.
const (
	chunkSize = 900  // bytes that a chunk is cut to: four fill a page
	chunkMost = 1400 // bytes from which it is cut
)

// errRecord: a value isn't what was written. bbolt has no sums of values; these do.
var errRecord = errors.New("a record is damaged")

// entry is what is remembered of a tag.
type entry struct {
	tag          string
	since        int64 // Unix seconds, as all times here
	gone         int64 // since when it isn't listed; 0 when it is
	bootstrapped bool
}

// seal puts the sum of what follows the first four bytes into them.
func seal(b []byte) []byte {
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// unseal gives what was sealed.
func unseal(b []byte) ([]byte, error) {
	if len(b) < 4 || binary.BigEndian.Uint32(b) != crc32.Checksum(b[4:], crc32.MakeTable(crc32.Castagnoli)) {
		return nil, errRecord
	}
	return b[4:], nil
}

// encodeChunk gives the value of the entries, which are sorted by tag, one at least. It
// writes over b where that is large enough.
func encodeChunk(b []byte, entries []entry) []byte {
	b = append(b[:0], 0, 0, 0, 0) // for the sum
	base := entries[0].since
	b = binary.AppendVarint(b, base)
	last := ""
	for _, e := range entries {
		shared := common(last, e.tag)
		b = binary.AppendUvarint(b, uint64(shared))            //nolint:gosec // G115: a length
		b = binary.AppendUvarint(b, uint64(len(e.tag)-shared)) //nolint:gosec // G115: a length
		b = append(b, e.tag[shared:]...)
		flags := int64(0)
		if e.bootstrapped {
			flags |= 1
		}
		if e.gone != 0 {
			flags |= 2
		}
		b = binary.AppendVarint(b, (e.since-base)*4+flags)
		if e.gone != 0 {
			b = binary.AppendVarint(b, e.gone-base)
		}
		last = e.tag
	}
	return seal(b)
}

func common(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// chunkReader reads the entries of a chunk one by one.
type chunkReader struct {
	rest  []byte
	base  int64
	tag   []byte // of the entry read last
	entry entry  // without its tag
	err   error
}

func readChunk(value []byte) *chunkReader {
	r := &chunkReader{}
	r.rest, r.err = unseal(value)
	r.base = r.varint()
	return r
}

// next reads an entry, and tells whether there was one.
func (r *chunkReader) next() bool {
	if r.err != nil || len(r.rest) == 0 {
		return false
	}
	shared, size := r.uvarint(), r.uvarint()
	if shared > uint64(len(r.tag)) || size > uint64(len(r.rest)) {
		r.err = errRecord
		return false
	}
	r.tag = append(r.tag[:shared], r.rest[:size]...)
	r.rest = r.rest[size:]
	coded := r.varint()
	r.entry = entry{since: r.base + coded>>2, bootstrapped: coded&1 != 0}
	if coded&2 != 0 {
		r.entry.gone = r.base + r.varint()
	}
	return r.err == nil
}

func (r *chunkReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.err, r.rest = errRecord, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *chunkReader) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1) // as encoding/binary folds signs
}

// find gives the entry of the tag in a chunk.
func find(value []byte, tag string) (entry, bool, error) {
	r := readChunk(value)
	for r.next() {
		switch strings.Compare(string(r.tag), tag) {
		case 0:
			return r.entry, true, nil
		case 1:
			return entry{}, false, nil
		}
	}
	return entry{}, false, r.err
}
