package helm

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/reconciler/build"
)

// collect gives the objects: what stands in the crds folders, then what the templates gave,
// by the paths of the templates.
func (b *Builder) collect(request build.Request, l *loaded, texts []rendered) ([]*unstructured.Unstructured, error) {
	objects := build.NewCollector(b.limits, request.Options)
	if !request.Options.Helm.SkipCRDs {
		addCRDs(objects, l, l.chart)
	}
	left := b.limits.WithDefaults().Objects
	for _, t := range texts {
		t.seen.from.file = t.source.place
		for _, d := range documents(t.text) {
			if left--; left < 0 { // the objects may have been printed by a loop
				at := t.from(d.first())
				return nil, &build.Error{File: at.file, Line: at.line, Err: fmt.Errorf("more than %d objects", b.limits.WithDefaults().Objects)}
			}
			d.add(objects, &t, request.Options.Variables != nil)
		}
	}
	return objects.Objects()
}

// addCRDs adds the files of the crds folders, which aren't templates. Two aliases of one
// chart share theirs.
func addCRDs(objects *build.Collector, l *loaded, c *v2.Chart) {
	seen := map[string]bool{}
	var visit func(c *v2.Chart)
	visit = func(c *v2.Chart) {
		for _, f := range c.Files {
			at := l.places[f]
			if !strings.HasPrefix(f.Name, "crds/") || seen[at] {
				continue
			}
			switch strings.ToLower(path.Ext(f.Name)) {
			case ".yaml", ".yml", ".json":
				seen[at] = true
				build.Decode(objects, at, f.Data)
			}
		}
		for _, d := range c.Dependencies() {
			visit(d)
		}
	}
	visit(c)
}

// document is a part of what a template gave, from offset on.
type document struct {
	offset int
	text   []byte
}

// documents cuts text as Helm does: at each line that begins with three dashes, whatever
// follows them.
func documents(text []byte) []document {
	var all []document
	start := 0
	cut := func(end int) {
		if d := text[start:end]; meaningful(d) {
			all = append(all, document{offset: start, text: d})
		}
	}
	for at := 0; at < len(text); {
		next := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		if bytes.HasPrefix(text[at:next], []byte("---")) {
			cut(at)
			start = at + 3
			for start < next && (text[start] == ' ' || text[start] == '\t') {
				start++
			}
		}
		at = next
	}
	cut(len(text))
	return all
}

// meaningful tells whether text holds more than blanks and comments.
func meaningful(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return true
		}
	}
	return false
}

// first gives the offset of the first line that means something.
func (d document) first() int {
	at := d.offset
	for line := range bytes.Lines(d.text) {
		if meaningful(line) {
			return at
		}
		at += len(line)
	}
	return at
}

// add adds the object, with what of it a variable may make a number, if there are any variables.
func (d document) add(objects *build.Collector, t *rendered, variables bool) {
	at := t.from(d.first())
	object, line, err := decode(d.text)
	if err != nil {
		if line > 0 {
			at = t.from(d.lineOffset(line))
		}
		objects.Fail(&build.Error{File: at.file, Line: at.line, Err: fmt.Errorf("the template gave what can't be read: %w", err)})
		return
	}
	if object == nil {
		return
	}
	if err := checkAnnotations(object); err != nil {
		objects.Fail(&build.Error{File: at.file, Line: at.line, Err: err})
		return
	}
	if keep, err := translate(object); err != nil {
		objects.Fail(&build.Error{File: at.file, Line: at.line, Err: err})
	} else if keep {
		var unquoted build.Unquoted
		if variables {
			unquoted = build.UnquotedOf(readable(d.text))
		}
		objects.AddUnquoted(at.file, at.line, object, unquoted)
	}
}

// decode reads a document as Helm does, which lets the last of several equal keys win. The
// line is counted from the document's first, 0 where it isn't known.
func decode(text []byte) (object map[string]any, line int, err error) {
	text = readable(text)
	data, err := yaml.YAMLToJSON(text)
	if err != nil {
		if found, ok := errors.AsType[*build.Error](build.CheckSyntax("", text)); ok {
			return nil, found.Line, found.Err
		}
		return nil, 0, err
	}
	switch data = bytes.TrimSpace(data); {
	case bytes.Equal(data, []byte("null")):
		return nil, 0, nil
	case len(data) == 0 || data[0] != '{':
		return nil, 0, errors.New("not an object")
	}
	object = map[string]any{}
	return object, 0, utiljson.Unmarshal(data, &object) // whole numbers become int64
}

// readable takes away what Helm takes away before it reads a document.
func readable(text []byte) []byte { return bytes.ReplaceAll(text, []byte(noValue), nil) }

func (d document) lineOffset(line int) int {
	at, n := d.offset, 1
	for text := range bytes.Lines(d.text) {
		if n == line {
			break
		}
		at += len(text)
		n++
	}
	return at
}

// from tells which line of which template gave what stands at an offset. It is quick where
// offsets are asked for in order.
func (t *rendered) from(offset int) position {
	if offset < t.seen.offset {
		t.seen = mark{from: position{file: t.source.place}}
		t.next = 0
	}
	for ; t.next < len(t.marks) && t.marks[t.next].offset <= offset; t.next++ {
		t.seen = t.marks[t.next]
	}
	t.seen.from.line += bytes.Count(t.text[t.seen.offset:offset], []byte("\n"))
	t.seen.offset = offset
	return t.seen.from
}
