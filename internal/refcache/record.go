package refcache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// A record is the length of its value in bytes (four bytes, as the sum), the sum of all
// that follows, its key and its value.
const (
	sumAt   = 4
	keyAt   = 8
	valueAt = keyAt + len(Key{})
)

// Records are new records, to be added in one go. The zero value holds none.
type Records struct {
	data []byte
	n    int
}

// Put adds a record. A value that is too large is left out.
func (r *Records) Put(key Key, value []byte) {
	if len(value) > maxValue {
		return
	}
	at := len(r.data)
	r.data = binary.BigEndian.AppendUint32(r.data, uint32(len(value))) //nolint:gosec // G115: bounded above
	r.data = append(r.data, 0, 0, 0, 0)
	r.data = append(append(r.data, key[:]...), value...)
	binary.BigEndian.PutUint32(r.data[at+sumAt:], sum(r.data[at+keyAt:]))
	r.n++
}

// Len is how many records there are.
func (r *Records) Len() int { return r.n }

// Size is how many bytes the records take.
func (r *Records) Size() int { return len(r.data) }

func sum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// Entries are the records of a file. The zero value holds none.
type Entries struct {
	data  []byte
	at    map[Key]int // where the last record of each key begins
	order []int       // where each record begins
}

// Get gives the value of a key. It must not be changed.
func (e Entries) Get(key Key) ([]byte, bool) {
	at, ok := e.at[key]
	if !ok {
		return nil, false
	}
	return e.record(at)[valueAt:], true
}

// Len is how many records the file holds.
func (e Entries) Len() int { return len(e.order) }

func (e Entries) record(at int) []byte {
	return e.data[at : at+valueAt+int(binary.BigEndian.Uint32(e.data[at:]))]
}

var errDamaged = errors.New("it is damaged")

// parse gives the records of a file, as far as they are whole.
func parse(data []byte) (Entries, error) {
	e := Entries{data: data, at: map[Key]int{}}
	if len(data) == 0 {
		return e, nil
	}
	if !bytes.HasPrefix(data, []byte(format)) {
		return e, errors.New("it isn't a cache of references of this version")
	}
	for at := len(format); at < len(data); {
		rest := data[at:]
		if bytes.HasPrefix(rest, []byte(format)) { // two processes began the file at once
			at += len(format)
			continue
		}
		if len(rest) < valueAt {
			return e, errDamaged
		}
		n := binary.BigEndian.Uint32(rest)
		if n > maxValue || len(rest) < valueAt+int(n) || sum(rest[keyAt:valueAt+int(n)]) != binary.BigEndian.Uint32(rest[sumAt:]) {
			return e, errDamaged
		}
		e.at[Key(rest[keyAt:valueAt])] = at
		e.order = append(e.order, at)
		at += valueAt + int(n)
	}
	return e, nil
}

// trimmed gives a file that holds what live admits and half as many others, the newest.
func (e Entries) trimmed(live func(Key) bool) []byte {
	var keep, others []int
	for _, at := range e.order {
		key := Key(e.data[at+keyAt : at+valueAt])
		switch {
		case e.at[key] != at: // there is a later one
		case live(key):
			keep = append(keep, at)
		default:
			others = append(others, at)
		}
	}
	keep = append(keep, others[max(0, len(others)-len(keep)/2):]...)
	slices.Sort(keep)
	data := []byte(format)
	for _, at := range keep {
		data = append(data, e.record(at)...)
	}
	return data
}
