package edit

import (
	"bytes"
	"sort"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// markerSearch attaches the markers of a file to its scalars. It goes by the
// bytes rather than by the parser's comments, which the parser attaches to keys,
// sequences or nothing at all where a person sees them behind a value.
type markerSearch struct {
	f        *File
	tokens   []token
	markers  map[*yaml.Node]*Marker
	problems []Problem
}

// findMarkers returns the marker of each marked scalar, and the problems of
// markers that mark nothing.
func findMarkers(f *File, w *survey) (map[*yaml.Node]*Marker, []Problem) {
	s := &markerSearch{f: f, tokens: w.tokens, markers: map[*yaml.Node]*Marker{}}
	sort.SliceStable(s.tokens, func(i, j int) bool { return s.tokens[i].start < s.tokens[j].start })
	data := f.src.data
	for i := 0; ; {
		n := bytes.Index(data[i:], []byte(markerWord))
		if n < 0 || !w.marked {
			return s.markers, s.problems
		}
		i = s.occurrence(i + n)
	}
}

// occurrence handles one appearance of the marker's word and returns where to
// look on.
func (s *markerSearch) occurrence(at int) int {
	src := s.f.src
	next := at + len(markerWord)
	line := src.lineStart(at)
	// The last token that begins before the word.
	k := sort.Search(len(s.tokens), func(i int) bool { return s.tokens[i].start > at }) - 1
	gap := line
	if k >= 0 {
		t := s.tokens[k]
		if at >= t.from && at < t.end {
			return next // inside a value: text like any other
		}
		if at >= t.end {
			gap = max(line, t.end)
		} else {
			gap = max(line, t.start) // between an anchor, a tag or | and the text
		}
	}
	hash := commentStart(src.data, gap, at)
	if hash < 0 {
		return next
	}
	end := src.lineEnd(at)
	comment := strings.TrimLeft(string(src.data[hash:end]), "#")
	if !isMarker(comment) {
		return end
	}
	between := strings.Trim(string(src.data[gap:hash]), " \t")
	if gap == line && (between == "" || strings.Trim(between, "- \t") == "") && (k < 0 || s.tokens[k].end <= line || at >= s.tokens[k].end) {
		s.alone(k, hash, end, comment)
		return end
	}
	s.behind(k, hash, between, comment)
	return end
}

// commentStart returns the first # between from and to that begins a comment,
// -1 if none does.
func commentStart(data []byte, from, to int) int {
	for i := from; i < to; i++ {
		if data[i] == '#' && (i == 0 || i == from || strings.IndexByte(" \t\n\r,[]{}", data[i-1]) >= 0) {
			return i
		}
	}
	return -1
}

// behind handles a marker that follows something on its line.
func (s *markerSearch) behind(k, hash int, between, comment string) {
	line, column := s.f.src.position(hash)
	fail := func(message, hint string) {
		s.problems = append(s.problems, s.f.problem(ProblemMarker, line, column, message, hint))
	}
	if k < 0 {
		fail("the marker stands behind no value", "put it behind the value that it is for")
		return
	}
	t := s.tokens[k]
	switch inside := hash < t.from; {
	case t.node.Kind == yaml.AliasNode:
		fail("the marker stands behind the alias *"+t.node.Value, "put it behind the anchor's value")
	case t.key:
		fail("the marker stands behind a key, not a value", "put it behind the value, on the value's line")
	case !inside && between != "" && between != ",":
		fail("the marker stands behind a mapping or sequence, not a value", "write the value on a line of its own")
	default:
		s.attach(t.node, comment, fail)
	}
}

// alone handles a marker on a line of its own. As in Flux it counts for the
// element of a sequence that follows at once. Elsewhere it does nothing, unless
// it is part of lines that are commented out.
func (s *markerSearch) alone(k, hash, end int, comment string) {
	if !strings.HasPrefix(strings.TrimSpace(comment), "{") {
		return
	}
	line, column := s.f.src.position(hash)
	fail := func(message, hint string) {
		s.problems = append(s.problems, s.f.problem(ProblemMarker, line, column, message, hint))
	}
	if k+1 < len(s.tokens) {
		t := s.tokens[k+1]
		if t.inList && t.node.Kind == yaml.ScalarNode && t.node.Line == line+1 &&
			strings.Trim(string(s.f.src.data[end:max(t.start, end)]), "-, \t\r\n") == "" {
			if s.markers[t.node] == nil {
				s.attach(t.node, comment, fail)
			}
			return
		}
	}
	fail("the marker stands on a line of its own", "put it behind the value, on the value's line")
}

func (s *markerSearch) attach(n *yaml.Node, comment string, fail func(message, hint string)) {
	m, message, hint := parseMarker(comment)
	if m == nil {
		fail(message, hint)
		return
	}
	s.markers[n] = m
}
