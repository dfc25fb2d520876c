package edit

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

// Mentions tells cheaply, without parsing, whether a file may refer to one of some
// images or policies. It never changes and is safe for concurrent use.
//
// It goes by the last part of an image's name, the only one that a file can't leave to
// another key, another file or the default: registries and owners stand apart in Helm's
// values, and in Flux's repositories of charts.
type Mentions struct {
	words  []string
	first  [1 << 8][]int32 // the words by their first byte, as far as pairs passes
	pairs  [1 << 16 / 64]uint64
	always bool
}

// NewMentions makes the filter for references to these images, as SameImage compares
// them, and for those that markers give to these policies.
func NewMentions(images []string, policies []Marker) *Mentions {
	m := &Mentions{}
	for _, image := range images {
		name := CanonicalImage(image)
		m.add(name[strings.LastIndexByte(name, '/')+1:])
	}
	for _, p := range policies {
		m.add(p.Namespace + ":" + p.Name)
	}
	return m
}

func (m *Mentions) add(word string) {
	switch {
	case len(word) < 2:
		m.always = true // too short to tell anything apart
	case !slices.Contains(m.words, word):
		m.first[word[0]] = append(m.first[word[0]], int32(len(m.words)))
		m.words = append(m.words, word)
		m.pairs[pair(word)/64] |= 1 << (pair(word) % 64)
	}
}

func pair[T string | []byte](s T) uint16 { return uint16(s[0])<<8 | uint16(s[1]) }

// In tells whether the data may hold such a reference. It is exact in one direction:
// where it says false, no reference that Parse finds in the data is one of them.
func (m *Mentions) In(data []byte) bool {
	return m.always || m.spelled(data) || disguised(data)
}

// overlap is how many bytes the next part of a file must repeat where it is looked at in
// parts: as many as are looked at together.
func (m *Mentions) overlap() int {
	longest := 4
	for _, w := range m.words {
		longest = max(longest, len(w)+2)
	}
	return longest
}

// spelled looks for the words as they are. A part of a longer name is none.
func (m *Mentions) spelled(data []byte) bool {
	for i := 0; i+1 < len(data); i++ {
		p := pair(data[i:])
		if m.pairs[p/64]&(1<<(p%64)) == 0 {
			continue
		}
		for _, w := range m.first[data[i]] {
			word := m.words[w]
			if len(data)-i >= len(word) && string(data[i:i+len(word)]) == word && apart(data, i, i+len(word)) {
				return true
			}
		}
	}
	return false
}

// apart tells whether no other characters of a name stand around a word. The letter of
// an escape before it, as in "\nweb", belongs to no name.
func apart(data []byte, from, to int) bool {
	if to < len(data) && inName(data[to]) {
		return false
	}
	return from == 0 || !inName(data[from-1]) || from == 1 || data[from-2] == '\\'
}

func inName(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' }

// disguised tells whether a name may be spelled by escapes: a character by its number,
// or a line that is broken in a name's middle. A text within a text has its escapes
// escaped, which three backslashes in a row tell.
func disguised(data []byte) bool {
	for {
		i := bytes.IndexByte(data, '\\')
		if i < 0 || i+1 == len(data) {
			return false
		}
		data = data[i+1:]
		switch data[0] {
		case 'x', 'u', 'U', '\r', '\n', 0xC2, 0xE2: // the last two begin line breaks of Unicode
			return true
		case '\\':
			if len(data) > 1 && data[1] == '\\' {
				return true
			}
		}
	}
}

// part is how much of a large file InReader looks at, at a time, in bytes.
const part = 256 << 10

// InReader is In for a file that is too large to be held.
func (m *Mentions) InReader(r io.Reader) (bool, error) {
	buf := make([]byte, part)
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		n += kept
		switch ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); {
		case err != nil && !ended:
			return false, err
		case m.In(buf[:n]):
			return true, nil
		case ended:
			return false, nil
		}
		kept = copy(buf, buf[n-m.overlap():n])
	}
}
