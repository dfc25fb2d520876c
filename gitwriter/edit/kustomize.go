package edit

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kustomizeImages returns the sequence of a document's kustomize image entries:
// images of a Kustomization or Component, spec.images of Flux's Kustomization;
// nil for every other document. A file that kustomize knows by its name needs
// neither apiVersion nor kind.
func kustomizeImages(base string, doc *yaml.Node) *yaml.Node {
	if len(doc.Content) == 0 {
		return nil
	}
	root := doc.Content[0]
	version, kind := text(lookup(root, "apiVersion")), text(lookup(root, "kind"))
	group, _, _ := strings.Cut(version, "/")
	switch {
	case group == "kustomize.toolkit.fluxcd.io" && kind == "Kustomization":
		root = lookup(root, "spec")
	case group == "kustomize.config.k8s.io" && (kind == "Kustomization" || kind == "Component"):
	case version == "" && (kind == "" || kind == "Kustomization" || kind == "Component") && kustomizeFile(base):
	case group == "kustomize.config.k8s.io" && kind == "" && kustomizeFile(base):
	default:
		return nil
	}
	list := lookup(root, "images")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	return list
}

func kustomizeFile(base string) bool {
	return base == "kustomization.yaml" || base == "kustomization.yml" || base == "Kustomization"
}

// kustomize makes the reference of one entry. An entry without newTag and digest
// leaves the version to the manifests, so it is none. An entry whose newTag or
// digest has a Flux marker belongs to the marker.
func (c *collector) kustomize(n *yaml.Node) {
	field := func(key string) *site {
		value := lookupRaw(n, key)
		// kustomize takes an empty value for an absent one.
		if v := text(resolved(value)); v == "" || resolved(value).Tag == yaml.NodeTagNull {
			return nil
		}
		return c.site(value, "."+key)
	}
	e := entry{newName: field("newName"), newTag: field("newTag"), digest: field("digest")}
	for _, s := range []*site{e.newTag, e.digest} {
		if s != nil && c.markers[s.scalar()] != nil {
			return
		}
	}
	e.ref = Reference{Form: FormKustomize, Image: text(lookup(n, "name"))}
	if e.newName != nil {
		e.ref.Image = e.newName.scalar().Value
	}
	if e.newTag == nil && e.digest == nil {
		return
	}
	// A name may be a pattern, and a tag or digest a variable that Flux
	// substitutes; neither says which image and version it is.
	if !validName(e.ref.Image) {
		return
	}
	if e.newTag != nil {
		e.ref.Tag = e.newTag.scalar().Value
		if !validTag(e.ref.Tag) {
			return
		}
	}
	if e.digest != nil {
		e.ref.Digest = e.digest.scalar().Value
		if !validDigest(e.ref.Digest) {
			return
		}
	}
	c.add(e)
}

// lookupRaw returns a key's value in a mapping as it stands, perhaps an alias.
func lookupRaw(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := resolve(n.Content[i]); k.Kind == yaml.ScalarNode && k.Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func lookup(n *yaml.Node, key string) *yaml.Node {
	return resolved(lookupRaw(n, key))
}

// resolved is resolve for what may be nil.
func resolved(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	return resolve(n)
}

// text returns a scalar's value, "" for anything else.
func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}
