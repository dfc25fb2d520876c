package edit

import (
	"fmt"
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

// aboutImages tells whether a document says what images are wanted, as policies of
// ours and Flux's image resources do: the image: that it names is not in use there.
func aboutImages(doc *yaml.Node) bool {
	if len(doc.Content) == 0 {
		return false
	}
	group, _, _ := strings.Cut(text(lookup(doc.Content[0], "apiVersion")), "/")
	return group == "towline.dev" || group == "image.toolkit.fluxcd.io"
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
		if value == nil || resolve(value).Kind != yaml.ScalarNode {
			return nil
		}
		return c.site(value, "."+key)
	}
	newName, newTag, digest := field("newName"), field("newTag"), field("digest")
	c.markedField(field("name"), "name")
	c.markedField(newName, "name")
	marked := c.markedField(newTag, "tag")
	if c.markedField(digest, "digest") || marked {
		return
	}
	e := entry{newName: given(newName), newTag: given(newTag), digest: given(digest)}
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
			c.pass(e.newTag)
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

// markedField tells whether a value of an entry has a marker. A marker of another
// field than the one that stands there is dropped with a Problem: it would write
// a whole image where kustomize wants a tag.
func (c *collector) markedField(s *site, want string) bool {
	if s == nil {
		return false
	}
	n := s.scalar()
	m := c.markers[n]
	if m == nil {
		return false
	}
	if m.Field != want {
		c.problems = append(c.problems, c.f.problem(ProblemMarker, n.Line, n.Column,
			fmt.Sprintf("the marker %q stands where only the %s belongs", m, want),
			fmt.Sprintf("write %s:%s:%s", m.Namespace, m.Name, want)))
		delete(c.markers, n)
	}
	return true
}

// given returns nil for a value that kustomize takes for an absent one.
func given(s *site) *site {
	if s == nil || s.scalar().Value == "" || s.scalar().Tag == yaml.NodeTagNull {
		return nil
	}
	return s
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
