package edit

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Field names a place in objects of some kind that holds an image, beside the
// places that are found anyway.
type Field struct {
	// Group and Kind say in which objects. An empty Kind admits every kind; an
	// empty Group every group. Group is an apiVersion without its version.
	Group, Kind string
	// Path is the way from the object to the value: keys with dots between, [*] (or
	// []) for every element of a list, * for every key of a mapping, and
	// ["a.b"] for a key that isn't a plain word.
	Path string
	// Tag is the key beside the value that holds the tag, where the value is the
	// image's name alone.
	Tag string
	// Image is the image whose tag the value is, where the file doesn't name it.
	// Without Tag and Image the value is a whole image.
	Image string
}

// fieldRule is a Field with its path taken apart.
type fieldRule struct {
	Field
	steps  []step
	url    bool // the image stands behind oci:// or docker://
	hosted bool // only an image with a registry counts
}

// step is one part of a path: a key, or every key or element.
type step struct {
	key       string
	all, list bool
}

func (f Field) rule() (fieldRule, error) {
	steps, err := splitPath(f.Path)
	switch last := len(steps) - 1; {
	case err != nil:
		return fieldRule{}, err
	case f.Tag != "" && f.Image != "":
		return fieldRule{}, errors.New("tag and image exclude each other")
	case f.Tag != "" && (steps[last].list || steps[last].all):
		return fieldRule{}, errors.New("with a tag beside it, the path must end in a key")
	case f.Tag != "" && f.Tag == steps[last].key:
		return fieldRule{}, errors.New("the tag can't stand in the same value")
	case f.Image != "" && !validName(f.Image):
		return fieldRule{}, fmt.Errorf("%.200q isn't an image name without a tag", f.Image)
	}
	return fieldRule{Field: f, steps: steps}, nil
}

// splitPath reads a path such as spec.list[*]["a.b"].image.
func splitPath(path string) ([]step, error) {
	var steps []step
	for rest := path; rest != "" || len(steps) == 0; {
		var s step
		var err error
		if s, rest, err = cutStep(rest, len(steps) == 0); err != nil {
			return nil, err
		}
		if steps = append(steps, s); len(steps) > maxDepth {
			return nil, fmt.Errorf("the path has more than %d steps", maxDepth)
		}
	}
	return steps, nil
}

// cutStep takes the first step off a path.
func cutStep(path string, first bool) (s step, rest string, err error) {
	for _, mark := range []string{"[*]", "[]"} {
		if rest, ok := strings.CutPrefix(path, mark); ok {
			return step{list: true}, rest, nil
		}
	}
	if quoted, ok := strings.CutPrefix(path, `["`); ok {
		key, rest, closed := strings.Cut(quoted, `"]`)
		if !closed || key == "" || strings.ContainsAny(key, `"\`) {
			return step{}, "", fmt.Errorf(`%.80q isn't ["a key"]`, path)
		}
		return step{key: key}, rest, nil
	}
	if strings.HasPrefix(path, "[") {
		return step{}, "", fmt.Errorf(`%.80q begins with none of [*], [] and ["a key"]`, path)
	}
	if !first {
		if path[0] != '.' {
			return step{}, "", fmt.Errorf("a dot must stand before %.80q", path)
		}
		path = path[1:]
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	key := path[:end]
	switch {
	case key == "*":
		return step{all: true}, path[end:], nil
	case key == "" || strings.ContainsAny(key, "]\"'* \t\r\n"):
		return step{}, "", fmt.Errorf("the path has no plain key before %.80q", path[end:])
	}
	return step{key: key}, path[end:], nil
}

// word is a text that every file with such a field holds.
func (r fieldRule) word() string {
	for i := len(r.steps) - 1; i >= 0; i-- {
		if r.steps[i].key != "" {
			return r.steps[i].key
		}
	}
	return ""
}

func (r fieldRule) admits(o object) bool {
	return (r.Group == "" || r.Group == o.group) && (r.Kind == "" || r.Kind == o.kind)
}

// fieldsOf asks for the values of all rules to be looked at on the walk through an object.
func (c *collector) fieldsOf(o object) {
	for _, r := range c.finder.fields {
		if r.admits(o) {
			descend(o.root, r.steps, func(parent, value *yaml.Node) { c.ask(r, parent, value) })
		}
	}
	for _, r := range knownFields(o) {
		descend(o.root, r.steps, func(parent, value *yaml.Node) { c.ask(r, parent, value) })
	}
}

// descend finds the values at a path below a node, as they stand. Like the walk it
// goes through no alias.
func descend(n *yaml.Node, steps []step, found func(parent, value *yaml.Node)) {
	s, rest := steps[0], steps[1:]
	next := func(value *yaml.Node) {
		if len(rest) == 0 {
			found(n, value)
		} else {
			descend(value, rest, found)
		}
	}
	switch {
	case s.list && n.Kind == yaml.SequenceNode:
		for _, value := range n.Content {
			next(value)
		}
	case !s.list && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if k := resolve(n.Content[i]); s.all || k.Kind == yaml.ScalarNode && k.Value == s.key {
				next(n.Content[i+1])
			}
		}
	}
}

// ask notes what a rule says of a value.
func (c *collector) ask(r fieldRule, parent, value *yaml.Node) {
	if resolve(value).Kind != yaml.ScalarNode {
		return
	}
	c.on(value, func() bool {
		s := c.site(value)
		switch {
		case r.url && scheme(s.scalar().Value) == "" || r.hosted && !hosted(s.scalar().Value):
			return false
		case r.Tag != "":
			tag := lookupRaw(parent, r.Tag)
			if tag == nil || resolve(tag).Kind != yaml.ScalarNode {
				return false
			}
			return c.fieldParts(parent, parts{name: s, tag: c.beside(tag, r.Tag)})
		case r.Image != "":
			return c.fieldParts(parent, parts{image: r.Image, tag: s})
		}
		return c.whole(FormField, s)
	})
}

// fieldParts makes the reference of a field's parts. A digest beside them is theirs.
func (c *collector) fieldParts(parent *yaml.Node, p parts) bool {
	if parent.Kind == yaml.MappingNode && c.inherited(parent)&keyDigest != 0 {
		return false
	}
	if digest := lookupRaw(parent, "digest"); digest != nil && validDigest(text(resolve(digest))) {
		p.digest = c.beside(digest, "digest")
	}
	return c.parts(FormField, p)
}

// hosted tells whether an image's name says at which registry it is.
func hosted(image string) bool {
	host, _ := splitHost(image)
	return host != ""
}
