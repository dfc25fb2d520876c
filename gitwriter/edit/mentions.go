package edit

import (
	"bytes"
	"encoding/binary"
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
	words []string
	// begun are the words by the slot of their first characters: as many as the shortest
	// has, and at most four. known are the slots that have any.
	begun  map[uint32][]string
	known  [slots]bool
	mask   uint32 // of the first characters, as a number
	always bool
}

// slots is how many slots there are: few enough to stay near the processor.
const slots = 1 << 12

// slot spreads the first characters over the slots.
func (m *Mentions) slot(four uint32) uint32 { return (four & m.mask) * 0x9E3779B1 >> 20 }

// NewMentions makes the filter for references to these images, as SameImage compares
// them, and for those that markers give to these policies. The words are others that it
// looks for in the same way.
func NewMentions(images []string, policies []Marker, words ...string) *Mentions {
	m := &Mentions{words: slices.Clone(words), begun: map[uint32][]string{}}
	for _, image := range images {
		name := CanonicalImage(image)
		m.words = append(m.words, name[strings.LastIndexByte(name, '/')+1:])
	}
	for _, p := range policies {
		m.words = append(m.words, p.Namespace+":"+p.Name)
	}
	slices.Sort(m.words)
	m.words = slices.Compact(m.words)
	if len(m.words) == 0 {
		return m
	}
	switch shortest := slices.MinFunc(m.words, func(a, b string) int { return len(a) - len(b) }); len(shortest) {
	case 0, 1:
		m.always = true // too short to tell anything apart
	case 2:
		m.mask = 1<<16 - 1
	case 3:
		m.mask = 1<<24 - 1
	default:
		m.mask = 1<<32 - 1
	}
	for _, w := range m.words {
		at := m.slot(binary.LittleEndian.Uint32(append([]byte(w), 0, 0, 0, 0)))
		m.begun[at], m.known[at] = append(m.begun[at], w), true
	}
	return m
}

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
	if len(m.words) == 0 {
		return false
	}
	rest := data
	for ; len(rest) >= 4; rest = rest[1:] {
		if at := m.slot(binary.LittleEndian.Uint32(rest)); m.known[at%slots] && m.stands(at, data, len(data)-len(rest)) {
			return true
		}
	}
	for ; len(rest) > 0; rest = rest[1:] {
		var four [4]byte
		copy(four[:], rest)
		if m.stands(m.slot(binary.LittleEndian.Uint32(four[:])), data, len(data)-len(rest)) {
			return true
		}
	}
	return false
}

// stands tells whether one of the words of a slot stands at from.
func (m *Mentions) stands(slot uint32, data []byte, from int) bool {
	for _, w := range m.begun[slot] {
		if len(data)-from >= len(w) && string(data[from:from+len(w)]) == w && apart(data, from, from+len(w)) {
			return true
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

// window is how much of a large file InReader looks at, at a time, in bytes.
const window = 256 << 10

// InReader is In for a file that is too large to be held.
func (m *Mentions) InReader(r io.Reader) (bool, error) {
	buf := make([]byte, window)
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
