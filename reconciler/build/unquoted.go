package build

import (
	"bytes"

	"go.yaml.in/yaml/v3"

	"github.com/towline-dev/towline/reconciler/build/substitute"
)

// Unquoted holds the places of a document's scalars that name a variable and were
// written without quotes, such as spec.replicas for "replicas: ${N}".
type Unquoted map[string]bool

// UnquotedIn finds them below a node. The document must be one whose aliases don't
// multiply beyond reason.
func UnquotedIn(n *yaml.Node) Unquoted {
	found := Unquoted{}
	found.add(n, "", 0)
	if len(found) == 0 {
		return nil
	}
	return found
}

// UnquotedOf finds them in the text of one document that is known to be well-formed.
func UnquotedOf(text []byte) Unquoted {
	if !bytes.Contains(text, []byte("${")) {
		return nil
	}
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil {
		return nil // valid in YAML 1.1 only: all of it stays text
	}
	return UnquotedIn(&doc)
}

// maxDepth is more than any object that an API server takes.
const maxDepth = 1_000

func (u Unquoted) add(n *yaml.Node, path string, depth int) {
	if depth > maxDepth {
		return
	}
	switch n.Kind {
	case yaml.DocumentNode:
		for _, child := range n.Content {
			u.add(child, path, depth+1)
		}
	case yaml.AliasNode:
		u.add(n.Alias, path, depth+1)
	case yaml.SequenceNode:
		for i, child := range n.Content {
			u.add(child, joinItem(path, i), depth+1)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			u.field(n.Content[i], n.Content[i+1], path, depth)
		}
	case yaml.ScalarNode:
		if n.Style&^yaml.TaggedStyle == 0 && substitute.Has(n.Value) {
			u[path] = true
		}
	}
}

// field goes into a field; those that << brings in are the map's own.
func (u Unquoted) field(key, value *yaml.Node, path string, depth int) {
	if key.Tag != "!!merge" {
		u.add(value, joinField(path, key.Value), depth+1)
		return
	}
	if value.Kind != yaml.SequenceNode {
		u.add(value, path, depth+1)
		return
	}
	for _, merged := range value.Content {
		u.add(merged, path, depth+1)
	}
}
