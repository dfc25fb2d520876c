package edit

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// object is a document's root, or an item of a List, with what it says of itself.
type object struct {
	root            *yaml.Node
	version, group  string // apiVersion, and the part of it before the slash
	kind            string
	namespace, name string
}

func objectOf(n *yaml.Node) object {
	o := object{root: n, version: text(lookup(n, "apiVersion")), kind: text(lookup(n, "kind"))}
	if group, _, ok := strings.Cut(o.version, "/"); ok {
		o.group = group
	}
	metadata := lookup(n, "metadata")
	o.namespace, o.name = text(lookup(metadata, "namespace")), text(lookup(metadata, "name"))
	return o
}

// aboutImages tells whether an object says what images are wanted, as policies of
// ours and Flux's image resources do: the image: that it names is not in use there.
func (o object) aboutImages() bool {
	return o.group == "towline.dev" || o.group == "image.toolkit.fluxcd.io"
}

// look asks for what the kind of an object says of its values. base is the file's
// name without folders.
func (c *collector) look(o object, base string) {
	c.fieldsOf(o)
	switch o.group {
	case "helm.toolkit.fluxcd.io", "source.toolkit.fluxcd.io":
		c.flux(o)
	case "argoproj.io":
		c.argo(o)
	case "helm.cattle.io":
		c.rancher(o)
	case "":
		c.list(o)
		c.dependencies(o)
		c.helmfile(o)
	}
	c.kustomizeObject(o, base)
}

// list asks for the items of a List, each an object of its own.
func (c *collector) list(o object) {
	if o.version != "v1" || o.kind != "List" {
		return
	}
	for _, item := range elements(below(o.root, "items")) {
		if item.Kind == yaml.MappingNode {
			c.on(item, func() bool {
				delete(c.asked, item)
				c.object(item)
				return true
			})
		}
	}
}

// elements returns the elements of a sequence as they stand, none for anything else.
func elements(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// below returns what stands at a path of keys below n, nil where nothing does.
// Aliases aren't followed: what they stand for is looked at where it is written,
// once, however many objects share it.
func below(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		n = lookupRaw(n, key)
	}
	return n
}

// onMapping asks for a mapping, whose values are walked afterwards.
func (c *collector) onMapping(n *yaml.Node, visit func()) {
	if n != nil && n.Kind == yaml.MappingNode {
		c.on(n, func() bool {
			visit()
			return false
		})
	}
}
