package ledger

import (
	"bytes"
	"slices"
	"sort"

	"go.etcd.io/bbolt"
)

// flushAt bounds the entries held while a chunk takes in many new tags.
const flushAt = 2048

// merge brings a listing into a repository's chunks. It holds one chunk at a time, and
// writes only those that change.
type merge struct {
	bucket *bbolt.Bucket
	now    int64
	report Report
	gone   int64 // since when the first of the tags that are gone is

	old     []byte // the key of the chunk at hand while it stands
	buf     []entry
	changed bool
	scratch []byte // the value of the chunk at hand
	coded   []byte
}

func (m *merge) run(tags []string) error {
	keys := m.keys()
	if len(keys) == 0 {
		// The pages are filled in order and won't be split: no room need be left in them.
		m.bucket.FillPercent = 0.95
		if err := m.chunk(nil, tags); err != nil {
			return err
		}
		return m.flush()
	}
	for i, key := range keys {
		n := len(tags)
		if i+1 < len(keys) {
			n = sort.SearchStrings(tags, keys[i+1][len(tagPrefix):])
		}
		m.old = []byte(key)
		// The value is only good until the bucket is written to.
		m.scratch = append(m.scratch[:0], m.bucket.Get(m.old)...)
		if err := m.chunk(m.scratch, tags[:n]); err != nil {
			return err
		}
		if err := m.flush(); err != nil {
			return err
		}
		tags = tags[n:]
	}
	return nil
}

// keys gives the chunks' keys in order.
func (m *merge) keys() []string {
	var keys []string
	c := m.bucket.Cursor()
	for key, _ := c.Seek([]byte(tagPrefix)); key != nil; key, _ = c.Next() {
		keys = append(keys, string(key))
	}
	return keys
}

// chunk merges the tags listed into those of a chunk (nil: there is none).
func (m *merge) chunk(value []byte, listed []string) error {
	r := &chunkReader{}
	if value != nil {
		r = readChunk(value)
	}
	for r.next() {
		for len(listed) > 0 && listed[0] < string(r.tag) {
			if err := m.fresh(listed[0]); err != nil {
				return err
			}
			listed = listed[1:]
		}
		e := r.entry
		if len(listed) > 0 && listed[0] == string(r.tag) {
			e.tag, listed = listed[0], listed[1:]
			m.changed = m.changed || e.gone != 0
			e.gone = 0
		} else if e.tag = string(r.tag); !m.missing(&e) {
			if err := m.bucket.Delete([]byte(standPrefix + e.tag)); err != nil {
				return err
			}
			continue
		}
		m.buf = append(m.buf, e)
	}
	for _, tag := range listed {
		if err := m.fresh(tag); err != nil {
			return err
		}
	}
	return r.err
}

// fresh takes in a tag that wasn't known.
func (m *merge) fresh(tag string) error {
	m.changed = true
	m.report.New++
	m.buf = append(m.buf, entry{tag: tag, since: m.now, bootstrapped: m.report.First})
	if len(m.buf) < flushAt {
		return nil
	}
	err := m.flush()
	m.changed = true // the chunk at hand is no more: what remains of it is to be written
	return err
}

// missing marks a tag that isn't listed, and tells whether it is to be remembered still.
func (m *merge) missing(e *entry) bool {
	switch {
	case e.gone == 0:
		m.report.Gone++
		m.changed = true
		e.gone = m.now
	case due(e.gone, m.now):
		m.changed = true
		return false
	case e.gone > m.now: // the clock was ahead
		m.changed = true
		e.gone = m.now
	}
	if m.gone == 0 || e.gone < m.gone {
		m.gone = e.gone
	}
	return true
}

// flush writes the entries held, if they changed, in place of the chunk at hand.
func (m *merge) flush() error {
	defer func() { m.buf, m.changed = m.buf[:0], false }()
	if !m.changed {
		return nil
	}
	if m.old != nil {
		if err := m.bucket.Delete(m.old); err != nil {
			return err
		}
		m.old = nil
	}
	if len(m.buf) == 0 {
		return nil
	}
	m.coded = encodeChunk(m.coded, m.buf)
	pieces := 1
	if len(m.coded) > chunkMost {
		pieces = (len(m.coded) + chunkSize - 1) / chunkSize
	}
	each := (len(m.buf) + pieces - 1) / pieces
	for piece := range slices.Chunk(m.buf, each) {
		m.coded = encodeChunk(m.coded, piece)
		// bbolt holds the value until the transaction ends: no more than it takes.
		if err := m.bucket.Put([]byte(tagPrefix+piece[0].tag), bytes.Clone(m.coded)); err != nil {
			return err
		}
	}
	return nil
}
