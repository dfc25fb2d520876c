package edit

import "sigs.k8s.io/kustomize/kyaml/yaml"

// keySet are keys that say something of an image whose other parts stand beside them.
type keySet uint8

const (
	keyRegistry keySet = 1 << iota
	keyTag
	keyDigest // or sha
	keyNewName
	keyNewTag
)

func keySetOf(key string) keySet {
	switch key {
	case "registry":
		return keyRegistry
	case "tag":
		return keyTag
	case "digest", "sha":
		return keyDigest
	case "newName":
		return keyNewName
	case "newTag":
		return keyNewTag
	}
	return 0
}

// inherited returns the keys that a mapping has by merge keys (<<) alone. They say of
// an image what can't be seen where it stands.
func (c *collector) inherited(n *yaml.Node) keySet {
	var own, merged keySet
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := resolve(n.Content[i]).Value
		own |= keySetOf(key)
		if key == "<<" {
			merged |= c.gives(n.Content[i+1])
		}
	}
	return merged &^ own
}

// gives returns the keys that the value of a merge key has. They are kept, since any
// number of mappings may merge the same one.
func (c *collector) gives(n *yaml.Node) keySet {
	n = resolve(n)
	if n.Kind == yaml.ScalarNode {
		return ^keySet(0) // in a template, an alias of anything
	}
	if known, ok := c.merged[n]; ok {
		return known
	}
	c.merged[n] = 0 // for one that merges itself
	var all keySet
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			all |= c.gives(child)
		case i%2 == 0:
			all |= keySetOf(resolve(child).Value)
		case resolve(n.Content[i-1]).Value == "<<":
			all |= c.gives(child)
		}
	}
	c.merged[n] = all
	return all
}
