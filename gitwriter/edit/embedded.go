package edit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// maxEmbedded is how deep texts may stand in texts.
const maxEmbedded = 3

// embedded is a scalar whose text is read as a file of its own, such as the
// values of an Argo CD Application.
type embedded struct {
	outer *File
	site  *site // the scalar in outer
	file  *File // what the text holds
	// lines holds for each line of the text where it begins in the outer file.
	lines []textLine
}

// textLine is where a line of an embedded text begins in the outer file. The
// bytes from there on are those of the text.
type textLine struct {
	offset, line, column int
}

// embed reads the texts in the file's known places and adds their references. A
// text whose characters don't stand in the file one by one is only told of.
func (fd Finder) embed(f *File) []Problem {
	var problems []Problem
	for _, t := range f.texts() {
		problems = append(problems, fd.embedText(f, t)...)
	}
	f.sortEntries()
	return problems
}

func (fd Finder) embedText(f *File, t embeddedText) (problems []Problem) {
	n := t.site.scalar()
	text := []byte(n.Value)
	if n.Tag != yaml.NodeTagString || len(text) == 0 || !fd.Relevant(text) {
		return nil
	}
	lines, reason := f.src.textLines(n)
	e := &embedded{outer: f, site: t.site, lines: lines}
	e.file = &File{name: t.name, src: &source{data: text}, host: e}
	inner := fd.parse(e.file)
	if reason != "" {
		if !slices.ContainsFunc(e.file.entries, entry.versioned) {
			return nil
		}
		return []Problem{f.problem(ProblemEmbedded, n.Line, n.Column,
			fmt.Sprintf("%s: the text names images (%s), but %s", t.site.path, cmp.Or(e.file.names(), "by a marker or another object"), reason), "write it as a literal block (|)")}
	}
	if told := len(e.file.entries) + len(inner) + len(e.file.opaque); told*len(t.site.path) > maxPaths {
		return []Problem{f.problem(ProblemLimit, n.Line, n.Column, "the keys above the text are too long", "")}
	}
	for _, p := range inner {
		q := f.outerProblem(e, p)
		if t.loose && (p.Kind == ProblemSyntax || p.Kind == ProblemTemplate) {
			f.opaque = append(f.opaque, q) // it need not be YAML
		} else {
			problems = append(problems, q)
		}
	}
	for _, p := range e.file.opaque {
		f.opaque = append(f.opaque, f.outerProblem(e, p))
	}
	f.adopt(e)
	return problems
}

// versioned tells whether there is a version that somebody may want to change.
func (e entry) versioned() bool { return e.ref.Tag+e.ref.Digest != "" || e.ref.Marker != nil }

// depth is how many texts the file stands in.
func (f *File) depth() int {
	if f.host == nil {
		return 0
	}
	return f.host.outer.depth() + 1
}

// where maps a line and column to those of the outermost file, for messages.
func (f *File) where(line, column int) (outerLine, outerColumn int) {
	if f.host == nil {
		return line, column
	}
	return f.host.outer.where(f.host.place(line, column))
}

// names lists the images of a file, for a message.
func (f *File) names() string {
	const most = 3
	var names []string
	for _, e := range f.entries {
		if e.versioned() && e.ref.Image != "" && !slices.Contains(names, e.ref.Image) {
			names = append(names, e.ref.Image)
		}
	}
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

// adopt adds the references of an embedded text, with their places in this file.
func (f *File) adopt(e *embedded) {
	for i, inner := range e.file.entries {
		ref := inner.ref
		ref.File = f.name
		ref.Line, ref.Column = e.place(ref.Line, ref.Column)
		ref.Path = e.path(ref.Path)
		f.entries = append(f.entries, entry{ref: ref, in: e, inner: i})
	}
}

// sortEntries brings the references into the order of the file.
func (f *File) sortEntries() {
	slices.SortStableFunc(f.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.ref.Line, b.ref.Line), cmp.Compare(a.ref.Column, b.ref.Column))
	})
	for i := range f.entries {
		f.entries[i].ref.Index = i
	}
}

// path returns the path of a place in the text, as seen from the outer file.
func (e *embedded) path(inner string) string { return e.site.path + "|" + inner }

// place maps a line and column of the text to those of the file; 0 stays 0.
func (e *embedded) place(line, column int) (outerLine, outerColumn int) {
	if line < 1 || line > len(e.lines) {
		return e.site.scalar().Line, e.site.scalar().Column
	}
	at := e.lines[line-1]
	if column == 0 {
		return at.line, 0
	}
	return at.line, at.column + column - 1
}

func (f *File) outerProblem(e *embedded, p Problem) Problem {
	const where = "in the text of "
	p.File = f.name
	p.Line, p.Column = e.place(p.Line, p.Column)
	if deeper, ok := strings.CutPrefix(p.Message, where); ok {
		p.Message = where + e.path(deeper)
	} else {
		p.Message = where + e.site.path + ": " + p.Message
	}
	return p
}

// textLines maps the lines of a scalar's text to the file. Where the text isn't
// in the file as it is, the reason says how it is written instead.
func (s *source) textLines(n *yaml.Node) (lines []textLine, reason string) {
	sp, ok := s.find(n)
	text := []byte(n.Value)
	switch {
	case !ok:
		return nil, oddPlace
	case sp.odd == oddTagged:
		return nil, sp.odd
	case bytes.HasPrefix(text, []byte("\ufeff")):
		return nil, "it begins with a byte order mark"
	case sp.odd == "" && bytes.Equal(s.data[sp.from:sp.to], text) && !breaksIn(text):
		line, column := s.position(sp.from)
		return []textLine{{sp.from, line, column}}, ""
	case n.Style&yaml.LiteralStyle != 0:
		return s.literalLines(s.lineEnd(s.skipProperties(sp.start)), text)
	case n.Style&yaml.FoldedStyle != 0:
		return nil, "it is folded (>)"
	}
	return nil, "it is a quoted or plain text with escapes or line breaks"
}

// literalLines maps a text to the lines of a literal block, whose header ends at
// header. Each must be a line of the text behind the same indentation of spaces.
func (s *source) literalLines(header int, text []byte) (lines []textLine, reason string) {
	i := header + breakLen(s.data[header:])
	indent := -1
	for len(text) > 0 {
		end := lineEnd(text, 0)
		line := text[:end]
		text = text[end+breakLen(text[end:]):]
		outer := s.data[i:s.lineEnd(i)]
		before := len(outer) - len(line)
		if before < 0 || !bytes.Equal(outer[before:], line) || len(bytes.Trim(outer[:before], " ")) > 0 {
			return nil, oddPlace
		}
		if len(line) > 0 {
			if indent >= 0 && before != indent {
				return nil, oddPlace
			}
			indent = before
		}
		number, column := s.position(i)
		lines = append(lines, textLine{i + before, number, column + before})
		i += len(outer)
		i += breakLen(s.data[i:])
	}
	// The text's last line may be an empty one behind its last break.
	number, column := s.position(i)
	return append(lines, textLine{i, number, column}), ""
}

// rewriteEmbedded makes the changes in the texts. Each text becomes a value that
// the file is to have, and its edits become edits of the file.
func (f *File) rewriteEmbedded(changes map[*embedded][]Change, scalars map[*yaml.Node]want) ([]Edit, error) {
	var all []Edit
	// In the order of the file, so that the same file is refused in the same words.
	texts := slices.SortedFunc(maps.Keys(changes), func(a, b *embedded) int {
		return cmp.Compare(a.lines[0].offset, b.lines[0].offset)
	})
	for _, e := range texts {
		data, edits, err := e.file.Rewrite(changes[e])
		var refused *RefusedError
		if errors.As(err, &refused) {
			r := *refused
			r.File, r.Path = f.name, e.path(r.Path)
			r.Line, r.Column = e.place(r.Line, r.Column)
			return nil, &r
		}
		if err != nil {
			return nil, fmt.Errorf("editing the text of %s: %w", e.site.path, err)
		}
		if len(edits) == 0 {
			continue
		}
		n := e.site.scalar()
		if _, twice := scalars[n]; twice {
			return nil, f.refusalAt(e.site, "it was asked to change as a whole, and within")
		}
		if uses := f.unasked(n, map[*yaml.Node]bool{n: true}); uses != "" {
			return nil, f.refusalAt(e.site, fmt.Sprintf("its text has the anchor &%s, which is also used elsewhere: %s", n.Anchor, uses))
		}
		scalars[n] = want{site: e.site, text: string(data)}
		for _, edit := range edits {
			if strings.Contains(edit.New, `"`) && n.Style&yaml.DoubleQuotedStyle != 0 {
				return nil, f.refusalAt(e.site, fmt.Sprintf("%s would have to be %s, which can't stand inside double quotes", edit.Path, edit.New))
			}
			all = append(all, f.outerEdit(e, edit))
		}
	}
	return all, nil
}

// outerEdit gives an edit of the text its place in the file. Edits never span lines.
func (f *File) outerEdit(e *embedded, edit Edit) Edit {
	inner := e.file.src
	by := e.lines[edit.Line-1].offset - inner.lines()[edit.Line-1]
	edit.File, edit.Path = f.name, e.path(edit.Path)
	edit.Line, edit.Column = e.place(edit.Line, edit.Column)
	edit.Start, edit.End = edit.Start+by, edit.End+by
	return edit
}
