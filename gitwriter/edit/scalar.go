package edit

import (
	"bytes"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// span is where a scalar stands in the source.
type span struct {
	start    int // of the node: its anchor, tag, quote or first character
	from, to int // the text: inside the quotes, below a block scalar's header
	end      int // after the text, and its closing quote
	// odd says why the text can't be replaced, "" where it can.
	odd string
}

const (
	oddLines  = "the value is spread over several lines"
	oddBlock  = "the block scalar isn't a single line without a line break at its end; write the value on the key's own line"
	oddPlace  = "the value's place in the file isn't certain"
	oddTagged = "the value has a tag other than !!str"
)

// find returns the span of a scalar. Where the source at the node's place isn't
// the scalar that the parser read there, ok is false.
func (s *source) find(n *yaml.Node) (sp span, ok bool) {
	start, ok := s.at(n.Line, n.Column)
	if !ok {
		return span{}, false
	}
	sp.start = start
	text := s.skipProperties(start)
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		ok = s.quoted(&sp, text, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		ok = s.quoted(&sp, text, '\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		ok = s.block(&sp, text, n.Value)
	default:
		ok = s.plain(&sp, text, n.Value)
	}
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != yaml.NodeTagString {
		sp.odd = oddTagged
	}
	return sp, ok
}

// skipProperties passes over anchor and tag, in either order, and over the
// blanks, breaks and comments behind them.
func (s *source) skipProperties(i int) int {
	for i < len(s.data) && (s.data[i] == '&' || s.data[i] == '!') {
		for i < len(s.data) && !isBlank(s.data[i]) && breakLen(s.data[i:]) == 0 {
			i++
		}
		for i < len(s.data) {
			if isBlank(s.data[i]) {
				i++
			} else if n := breakLen(s.data[i:]); n > 0 {
				i += n
			} else if s.data[i] == '#' {
				i = s.lineEnd(i)
			} else {
				break
			}
		}
	}
	return i
}

func (s *source) quoted(sp *span, i int, quote byte) bool {
	if i >= len(s.data) || s.data[i] != quote {
		return false
	}
	i++
	sp.from = i
	for i < len(s.data) {
		switch c := s.data[i]; {
		case c == '\\' && quote == '"':
			i++ // whatever it escapes can't close the scalar
			if n := breakLen(s.data[min(i, len(s.data)):]); n > 0 {
				sp.odd = oddLines
				i += n - 1
			}
		case c == quote:
			if quote == '\'' && i+1 < len(s.data) && s.data[i+1] == quote {
				i++
				break
			}
			sp.to, sp.end = i, i+1
			return true
		default:
			if n := breakLen(s.data[i:]); n > 0 {
				sp.odd = oddLines
				i += n - 1
			}
		}
		i++
	}
	return false
}

// plain follows the value through the source; folding only ever turns
// white space into white space.
func (s *source) plain(sp *span, i int, value string) bool {
	sp.from = i
	if bytes.HasPrefix(s.data[i:], []byte(value)) && !strings.ContainsAny(value, " \n\u2028\u2029") {
		sp.to = i + len(value)
		sp.end = sp.to
		return true
	}
	rest := []byte(value)
	for len(rest) > 0 {
		n := whiteLen(rest)
		if n == 0 {
			if i >= len(s.data) || s.data[i] != rest[0] {
				return false
			}
			i, rest = i+1, rest[1:]
			continue
		}
		m := whiteLen(s.data[i:])
		if m == 0 {
			return false
		}
		if breaksIn(s.data[i : i+m]) {
			sp.odd = oddLines
		}
		i, rest = i+m, rest[n:]
	}
	sp.to, sp.end = i, i
	return true
}

// block finds the text of a literal or folded scalar. Only a single line that is
// the value exactly can be replaced.
func (s *source) block(sp *span, i int, value string) bool {
	if i >= len(s.data) || (s.data[i] != '|' && s.data[i] != '>') {
		return false
	}
	i = s.lineEnd(i)
	i += breakLen(s.data[i:])
	sp.from, sp.to, sp.end, sp.odd = i, i, i, oddBlock
	first, indent := s.firstText(i)
	if first < 0 {
		return true
	}
	// The parser has taken the indentation off; what is left before the value's
	// first line belongs to the value.
	body := strings.TrimLeft(value, "\n\u2028\u2029")
	indent -= len(body) - len(strings.TrimLeft(body, " "))
	for i < len(s.data) {
		end := s.lineEnd(i)
		line := s.data[i:end]
		blanks := len(line) - len(bytes.TrimLeft(line, " "))
		if blanks < len(line) && blanks < indent {
			break
		}
		if blanks < len(line) {
			sp.end = end
		}
		i = end + breakLen(s.data[end:])
		if i == end {
			break
		}
	}
	sp.to = sp.end
	if value != "" && string(s.data[first:sp.end]) == value {
		sp.from, sp.odd = first, ""
	}
	return true
}

// firstText returns the offset of the first character from i on that isn't a
// space or break, and its indentation; -1 where there is none.
func (s *source) firstText(i int) (offset, indent int) {
	for i < len(s.data) {
		if s.data[i] == ' ' {
			indent++
			i++
		} else if n := breakLen(s.data[i:]); n > 0 {
			indent = 0
			i += n
		} else {
			return i, indent
		}
	}
	return -1, 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// whiteLen returns the length of the blanks and breaks at the start of b.
func whiteLen(b []byte) int {
	i := 0
	for i < len(b) {
		if isBlank(b[i]) {
			i++
		} else if n := breakLen(b[i:]); n > 0 {
			i += n
		} else {
			break
		}
	}
	return i
}

func breaksIn(b []byte) bool {
	for i := range b {
		if breakLen(b[i:]) > 0 {
			return true
		}
	}
	return false
}
