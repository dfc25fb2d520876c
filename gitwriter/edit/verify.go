package edit

import (
	"fmt"
	"sort"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// verify parses the new data, as far as an edit touched its documents, and compares it with the old, node by node: the
// scalars in want must have become what was asked for, everything else must be
// the same and stand where it stood, moved only by the edits before it on its
// line. Comments aren't compared: they lie outside the edits, so their bytes are
// the same, and which node the parser attaches them to means nothing.
func (f *File) verify(data []byte, edits []Edit, wants map[*yaml.Node]want) error {
	c := comparison{f: f, wants: wants, twin: map[*yaml.Node]*yaml.Node{}, moves: map[int][]move{}}
	for _, e := range edits {
		by := utf8.RuneCountInString(e.New) - utf8.RuneCountInString(e.Old)
		if on := c.moves[e.Line]; len(on) > 0 {
			by += on[len(on)-1].by
		}
		c.moves[e.Line] = append(c.moves[e.Line], move{e.Column, by})
	}
	for _, p := range f.touched(data, edits) {
		docs, err := f.read(p.data)
		switch {
		case err != nil:
			return f.unexpected(edits[0].Line, edits[0].Column, "the result isn't valid YAML: "+err.Error())
		case len(docs) != len(p.docs):
			return f.unexpected(edits[0].Line, edits[0].Column, "the result has another number of documents")
		}
		c.lines = p.lines
		for i := range docs {
			if err := c.compare(p.docs[i], docs[i]); err != nil {
				return err
			}
		}
	}
	if c.changed != len(wants) {
		return f.unexpected(edits[0].Line, edits[0].Column, "not every change arrived in the result")
	}
	return nil
}

// comparison walks two trees side by side.
type comparison struct {
	f       *File
	wants   map[*yaml.Node]want
	twin    map[*yaml.Node]*yaml.Node // old anchored node → new one
	moves   map[int][]move            // by line, in the order of the file
	lines   int                       // before the part of the result that is looked at
	changed int
}

// move says by how much the edits up to that at column shift what stands behind it.
type move struct{ column, by int }

// moved returns the column at which a node must stand in the result.
func (c *comparison) moved(n *yaml.Node) int {
	on := c.moves[n.Line]
	i := sort.Search(len(on), func(i int) bool { return on[i].column >= n.Column })
	if i == 0 {
		return n.Column
	}
	return n.Column + on[i-1].by
}

func (c *comparison) compare(old, got *yaml.Node) error {
	value, tag, style := old.Value, old.Tag, old.Style
	if w, ok := c.wants[old]; ok {
		c.changed++
		value = w.text
		if got.Tag == yaml.NodeTagString {
			tag = got.Tag // a number that was replaced by a string
		}
		if style == 0 && got.Style == yaml.DoubleQuotedStyle {
			style = got.Style
		}
	}
	switch {
	case got.Kind != old.Kind || len(got.Content) != len(old.Content):
		return c.f.unexpected(old.Line, old.Column, "the structure would change here")
	case got.Value != value:
		return c.f.unexpected(old.Line, old.Column, fmt.Sprintf("the value would become %.80q and not %q", got.Value, value))
	case got.Tag != tag || got.Style != style || got.Anchor != old.Anchor:
		return c.f.unexpected(old.Line, old.Column, "the value's type, style or anchor would change")
	case got.Line+c.lines != old.Line || got.Column != c.moved(old):
		return c.f.unexpected(old.Line, old.Column, "the value would stand at another place")
	case c.twin[old.Alias] != got.Alias:
		return c.f.unexpected(old.Line, old.Column, "the alias would stand for another value")
	}
	if old.Anchor != "" {
		c.twin[old] = got
	}
	for i := range old.Content {
		if err := c.compare(old.Content[i], got.Content[i]); err != nil {
			return err
		}
	}
	return nil
}

// unexpected refuses the file because the result isn't what was meant.
func (f *File) unexpected(line, column int, reason string) error {
	return &RefusedError{File: f.name, Line: line, Column: column, Reason: reason}
}
