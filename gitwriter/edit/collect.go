package edit

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// collector is the second walk: it makes references, in the order of the file.
//
// What a value is follows from its key, from the keys beside it, or from the kind
// of object around it. An object's kind is looked at before the walk goes through
// it; what it says of a value waits in asked until the walk comes there.
type collector struct {
	f        *File
	finder   Finder
	markers  map[*yaml.Node]*Marker
	asked    map[*yaml.Node]func() bool // by the nodes that stand there; true: nothing more is to be done
	path     []string                   // each with its leading dot or in brackets
	prefix   string                     // of the document
	group    string                     // of the object
	entries  []entry
	opaque   []Problem
	problems []Problem
	sources  []Source
	charts   map[string]string // Helmfile's OCI repositories: URLs by name
	merged   map[*yaml.Node]keySet
	length   int // of all paths so far
}

// maxPaths bounds the length of all paths of a file. A key may be as long as the
// file, and stands in the path of whatever is below it.
const maxPaths = 32 << 20

// collect finds the references of a file, the places that can't be read as one and
// the chart repositories, and returns what is wrong with markers.
func (fd Finder) collect(f *File, markers map[*yaml.Node]*Marker) []Problem {
	c := &collector{f: f, finder: fd, markers: markers, asked: map[*yaml.Node]func() bool{}, charts: map[string]string{}, merged: map[*yaml.Node]keySet{}}
	for _, doc := range f.docs {
		c.helmfileRepositories(doc)
	}
	for i, doc := range f.docs {
		if i > 0 {
			c.prefix = "#" + strconv.Itoa(i) + ":"
		}
		c.document(doc)
	}
	if c.length > maxPaths {
		return []Problem{f.problem(ProblemLimit, 0, 0, "the keys above the file's values are too long", "")}
	}
	// A kustomize entry is seen before the markers on its other values.
	slices.SortStableFunc(c.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.ref.Line, b.ref.Line), cmp.Compare(a.ref.Column, b.ref.Column))
	})
	for i := range c.entries {
		c.entries[i].ref.Index = i
	}
	c.resolveSources()
	f.entries, f.opaque, f.sources = c.entries, c.opaque, c.sources
	return c.problems
}

// document collects from a document, at the current path.
func (c *collector) document(doc *yaml.Node) {
	for _, root := range doc.Content {
		c.object(root)
	}
}

// object collects from a document's root or an item of a List.
func (c *collector) object(n *yaml.Node) {
	o := objectOf(n)
	if o.aboutImages() {
		return
	}
	around := c.group
	c.group = o.group
	c.look(o, path.Base(c.f.name))
	c.visit(n)
	c.group = around
}

// on asks for a function to be called when the walk comes to a value, which it then
// passes over if the function returns true. The first to ask is heard.
func (c *collector) on(n *yaml.Node, visit func() bool) {
	if n != nil && c.asked[n] == nil {
		c.asked[n] = visit
	}
}

// visit goes to a value of a mapping or an element of a sequence.
func (c *collector) visit(n *yaml.Node) {
	if visit := c.asked[n]; visit == nil || !visit() {
		c.walk(n)
	}
}

func (c *collector) walk(n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		c.shapes(n)
		for i := 0; i+1 < len(n.Content); i += 2 {
			c.within(keyStep(n.Content[i]), func() { c.field(n.Content[i], n.Content[i+1]) })
		}
	case yaml.SequenceNode:
		for i, child := range n.Content {
			c.within("["+strconv.Itoa(i)+"]", func() { c.visit(child) })
		}
	case yaml.ScalarNode:
		if m := c.markers[n]; m != nil {
			c.add(markerEntry(m, c.site(n)))
		}
	default: // what an alias stands for is walked where it is written
	}
}

// field looks at the value of one key of a mapping.
func (c *collector) field(key, value *yaml.Node) {
	if visit := c.asked[value]; visit != nil && visit() {
		return
	}
	if resolve(key).Value == "image" && resolve(value).Kind == yaml.ScalarNode && c.whole(FormImage, c.site(value)) {
		return
	}
	c.walk(value)
}

// whole makes the reference of a value that is a whole image, perhaps behind a
// scheme. It returns false where that isn't what stands there.
func (c *collector) whole(form Form, s *site) bool {
	v := s.scalar()
	if v.Kind != yaml.ScalarNode || v.Tag != yaml.NodeTagString || c.markers[v] != nil {
		return false
	}
	prefix := ""
	if form != FormImage {
		prefix = scheme(v.Value)
	}
	image, ok := splitImage(v.Value[len(prefix):])
	if !ok {
		c.pass(s)
		return true
	}
	c.add(entry{
		ref:   Reference{Form: form, Image: image.name, Tag: image.tag, Digest: image.digest},
		value: s, prefix: prefix,
	})
	return true
}

// scheme returns the beginning of a text that makes an URL of an image.
func scheme(s string) string {
	for _, prefix := range []string{"oci://", "docker://"} {
		if strings.HasPrefix(s, prefix) {
			return prefix
		}
	}
	return ""
}

// pass notes a value that would be a reference, were it not for a template or a
// variable in it.
func (c *collector) pass(s *site) {
	if text := s.scalar().Value; templated(text) {
		c.opaque = append(c.opaque, c.f.problem(ProblemTemplate, s.node.Line, s.node.Column,
			fmt.Sprintf("%.300s: %.80q holds a template or a variable", s.path, text), ""))
	}
}

func templated(text string) bool {
	return strings.Contains(text, "{{") || strings.Contains(text, "${") || strings.Contains(text, "$(")
}

// within runs visit one step deeper.
func (c *collector) within(step string, visit func()) {
	c.path = append(c.path, step)
	visit()
	c.path = c.path[:len(c.path)-1]
}

// site returns the place of a value at the current path, with steps below it.
func (c *collector) site(n *yaml.Node, steps ...string) *site { return c.siteAt(n, c.path, steps) }

// beside returns the place of another value of the mapping whose value the walk is at.
func (c *collector) beside(n *yaml.Node, key string) *site {
	return c.siteAt(n, c.path[:max(len(c.path)-1, 0)], []string{wordStep(key)})
}

func (c *collector) siteAt(n *yaml.Node, above, steps []string) *site {
	if c.length > maxPaths {
		return &site{node: n} // the file will be passed over
	}
	all := strings.Join(above, "") + strings.Join(steps, "")
	c.length += len(all)
	if all == "" {
		return &site{node: n, path: c.prefix + "."} // the document is nothing but this value
	}
	return &site{node: n, path: c.prefix + strings.TrimPrefix(all, ".")}
}

// add completes a reference with its place, which is that of its main value.
func (c *collector) add(e entry) {
	main := e.value
	for _, s := range []*site{e.newTag, e.digest} {
		if main == nil {
			main = s
		}
	}
	e.ref.File = c.f.name
	e.ref.Line, e.ref.Column, e.ref.Path = main.node.Line, main.node.Column, main.path
	if main.node.Kind == yaml.AliasNode {
		e.ref.Anchor = main.node.Value
	}
	c.entries = append(c.entries, e)
}

// keyStep returns how a key continues a path: .word or ["any other"].
func keyStep(key *yaml.Node) string {
	k := resolve(key)
	if k.Kind != yaml.ScalarNode {
		return "[?]"
	}
	return wordStep(k.Value)
}

func wordStep(key string) string {
	for i := range len(key) {
		if c := key[i]; !isAlnum(c) && c != '-' && c != '_' {
			return fmt.Sprintf("[%q]", key)
		}
	}
	if key == "" {
		return `[""]`
	}
	return "." + key
}
