package edit

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kustomizeObject asks for what kustomize reads of an object of its own, or of
// Flux's. A file that kustomize knows by its name needs neither apiVersion nor kind.
func (c *collector) kustomizeObject(o object, base string) {
	switch {
	case o.group == "kustomize.toolkit.fluxcd.io" && o.kind == "Kustomization":
		c.kustomizeImages(below(o.root, "spec", "images"))
	case o.kind == "ImageTagTransformer" && o.version == "builtin":
		c.kustomizeEntry(below(o.root, "imageTag"))
	case o.kind == "HelmChartInflationGenerator" && o.version == "builtin":
		c.kustomizeChart(o.root)
	case o.group == "kustomize.config.k8s.io" && (o.kind == "Kustomization" || o.kind == "Component"),
		o.version == "" && (o.kind == "" || o.kind == "Kustomization" || o.kind == "Component") && kustomizeFile(base),
		o.group == "kustomize.config.k8s.io" && o.kind == "" && kustomizeFile(base):
		c.kustomizeImages(below(o.root, "images"))
		c.kustomizeCharts(below(o.root, "helmCharts"))
	}
}

// kustomizeImages asks for the entries of an images: list.
func (c *collector) kustomizeImages(list *yaml.Node) {
	for _, item := range elements(list) {
		c.kustomizeEntry(item)
	}
}

// kustomizeEntry asks for one entry.
func (c *collector) kustomizeEntry(n *yaml.Node) {
	c.onMapping(n, func() { c.kustomize(n) })
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
	if e.newTag == nil && e.digest == nil || c.inherited(n)&(keyNewName|keyNewTag|keyDigest) != 0 {
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
			c.pass(e.digest)
			return
		}
	}
	c.add(e)
}

// planEntry writes an entry, which for Argo CD is a single text.
func planEntry(e entry, c Change) ([]want, string) {
	if e.value != nil {
		return planImage(e, c)
	}
	return planKustomize(e, c)
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
