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
type collector struct {
	f        *File
	markers  map[*yaml.Node]*Marker
	images   map[*yaml.Node]bool // the images: sequences that kustomize reads
	path     []string            // each with its leading dot or in brackets
	prefix   string              // of the document
	entries  []entry
	opaque   []Problem
	problems []Problem
}

// collect returns the references of a file, the places that can't be read as one,
// and what is wrong with markers.
func collect(f *File, markers map[*yaml.Node]*Marker) (entries []entry, opaque, problems []Problem) {
	c := &collector{f: f, markers: markers, images: map[*yaml.Node]bool{}}
	for i, doc := range f.docs {
		if i > 0 {
			c.prefix = "#" + strconv.Itoa(i) + ":"
		}
		if aboutImages(doc) {
			continue
		}
		if list := kustomizeImages(path.Base(f.name), doc); list != nil {
			c.images[list] = true
		}
		c.walk(doc)
	}
	// A kustomize entry is seen before the markers on its other values.
	slices.SortStableFunc(c.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.ref.Line, b.ref.Line), cmp.Compare(a.ref.Column, b.ref.Column))
	})
	for i := range c.entries {
		c.entries[i].ref.Index = i
	}
	return c.entries, c.opaque, c.problems
}

func (c *collector) walk(n *yaml.Node) {
	switch n.Kind {
	case yaml.DocumentNode:
		for _, child := range n.Content {
			c.walk(child)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			c.within(keyStep(n.Content[i]), func() { c.field(n.Content[i], n.Content[i+1]) })
		}
	case yaml.SequenceNode:
		for i, child := range n.Content {
			c.within("["+strconv.Itoa(i)+"]", func() {
				if c.images[n] && child.Kind == yaml.MappingNode {
					c.kustomize(child)
				}
				c.walk(child)
			})
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
	v := resolve(value)
	if resolve(key).Value == "image" && v.Kind == yaml.ScalarNode && v.Tag == yaml.NodeTagString && c.markers[v] == nil {
		if image, ok := splitImage(v.Value); ok {
			s := c.site(value)
			c.add(entry{
				ref:   Reference{Form: FormImage, Image: image.name, Tag: image.tag, Digest: image.digest},
				value: s,
			})
		} else {
			c.pass(c.site(value))
		}
		return
	}
	c.walk(value)
}

// pass notes a value that would be a reference, were it not for a template or a
// variable in it.
func (c *collector) pass(s *site) {
	text := s.scalar().Value
	if strings.Contains(text, "{{") || strings.Contains(text, "${") || strings.Contains(text, "$(") {
		c.opaque = append(c.opaque, c.f.problem(ProblemTemplate, s.node.Line, s.node.Column,
			fmt.Sprintf("%s: %.80q holds a template or a variable", s.path, text), ""))
	}
}

// within runs visit one step deeper.
func (c *collector) within(step string, visit func()) {
	c.path = append(c.path, step)
	visit()
	c.path = c.path[:len(c.path)-1]
}

// site returns the place of a value at the current path, with steps below it.
func (c *collector) site(n *yaml.Node, steps ...string) *site {
	all := strings.Join(c.path, "") + strings.Join(steps, "")
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
	for i := range len(k.Value) {
		if c := k.Value[i]; !isAlnum(c) && c != '-' && c != '_' {
			return fmt.Sprintf("[%q]", k.Value)
		}
	}
	if k.Value == "" {
		return `[""]`
	}
	return "." + k.Value
}
