package edit

import (
	"sort"
	"unicode/utf8"
)

// source maps the parser's lines and columns to byte offsets.
//
// The parser counts lines by the breaks of YAML 1.1 (LF, CR, CRLF, NEL, LS, PS)
// and columns by characters; a byte order mark before the first line isn't counted.
type source struct {
	data   []byte
	starts []int // offset of each line; worked out at first use

	// The place found last: mostly the next one stands behind it. marks are the offsets
	// of every markStep-th column of its line, as far as they are known, so that the
	// others of a long line aren't counted from its start.
	line, column, offset int
	marks                []int
}

// markStep is how many columns lie between two marks.
const markStep = 4096

// breakLen returns the length of the line break at the start of b, 0 if none is there.
func breakLen(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '\n':
		return 1
	case '\r':
		if len(b) > 1 && b[1] == '\n' {
			return 2
		}
		return 1
	case 0xC2: // NEL
		if len(b) > 1 && b[1] == 0x85 {
			return 2
		}
	case 0xE2: // LS, PS
		if len(b) > 2 && b[1] == 0x80 && (b[2] == 0xA8 || b[2] == 0xA9) {
			return 3
		}
	}
	return 0
}

func (s *source) lines() []int {
	if s.starts != nil {
		return s.starts
	}
	start := 0
	if len(s.data) >= 3 && s.data[0] == 0xEF && s.data[1] == 0xBB && s.data[2] == 0xBF {
		start = 3
	}
	s.starts = append(s.starts, start)
	for i := start; i < len(s.data); {
		if c := s.data[i]; c >= ' ' && c < 0x80 || c == '\t' {
			i++
			continue
		}
		if n := breakLen(s.data[i:]); n > 0 {
			i += n
			s.starts = append(s.starts, i)
			continue
		}
		i++
	}
	return s.starts
}

// at returns the offset of a line and column, both 1-based.
func (s *source) at(line, column int) (int, bool) {
	if line < 1 || line > len(s.lines()) || column < 1 {
		return 0, false
	}
	s.enter(line)
	if i := min((column-1)/markStep, len(s.marks)-1); s.column > column || s.column < i*markStep+1 {
		s.column, s.offset = i*markStep+1, s.marks[i]
	}
	for s.column < column {
		if s.offset >= len(s.data) {
			return 0, false
		}
		s.step()
	}
	return s.offset, true
}

// position returns the line and column of an offset, both 1-based.
func (s *source) position(offset int) (line, column int) {
	line = max(sort.SearchInts(s.lines(), offset+1), 1)
	s.enter(line)
	if i := max(sort.SearchInts(s.marks, offset+1)-1, 0); s.offset > offset || s.offset < s.marks[i] {
		s.column, s.offset = i*markStep+1, s.marks[i]
	}
	for s.offset < offset {
		s.step()
	}
	return line, s.column
}

// enter goes to the start of a line, unless the place found last is on it.
func (s *source) enter(line int) {
	if s.line == line {
		return
	}
	start := s.lines()[line-1]
	s.line, s.column, s.offset, s.marks = line, 1, start, append(s.marks[:0], start)
}

// step goes on by one character.
func (s *source) step() {
	n := 1
	if s.data[s.offset] >= utf8.RuneSelf {
		_, n = utf8.DecodeRune(s.data[s.offset:])
	}
	s.offset += n
	s.column++
	if s.column == len(s.marks)*markStep+1 {
		s.marks = append(s.marks, s.offset)
	}
}

// lineStart returns the offset at which the line of offset begins.
func (s *source) lineStart(offset int) int {
	starts := s.lines()
	return starts[max(sort.SearchInts(starts, offset+1), 1)-1]
}

// lineEnd returns the offset of the line break at or after offset, or of the end.
func (s *source) lineEnd(offset int) int { return lineEnd(s.data, offset) }

func lineEnd(data []byte, offset int) int {
	for offset < len(data) && breakLen(data[offset:]) == 0 {
		offset++
	}
	return offset
}
