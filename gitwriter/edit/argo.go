package edit

import (
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// argo asks for the sources of Argo CD's applications.
func (c *collector) argo(o object) {
	spec := below(o.root, "spec")
	switch o.kind {
	case "Application":
	case "ApplicationSet":
		spec = below(spec, "template", "spec")
	default:
		return
	}
	c.onMapping(below(spec, "source"), func() { c.argoSource(below(spec, "source")) })
	for _, item := range elements(below(spec, "sources")) {
		c.onMapping(item, func() { c.argoSource(item) })
	}
}

// argoSource looks at one source, at its path. Values in valuesObject are found by
// the walk, as they would be in a file of values.
func (c *collector) argoSource(n *yaml.Node) {
	c.argoChart(n)
	c.parameters(c.pairs(below(n, "helm", "parameters"), ".helm.parameters"))
	for i, item := range elements(below(n, "kustomize", "images")) {
		if resolve(item).Kind == yaml.ScalarNode {
			c.argoImage(c.site(item, ".kustomize.images["+strconv.Itoa(i)+"]"))
		}
	}
}

// pairs reads a list of {name, value} that stands at a path below the current one.
func (c *collector) pairs(list *yaml.Node, at string) []parameter {
	var all []parameter
	for i, item := range elements(list) {
		name, value := text(lookup(item, "name")), lookupRaw(item, "value")
		if name != "" && value != nil && resolve(value).Kind == yaml.ScalarNode {
			all = append(all, parameter{name, c.site(value, at, "["+strconv.Itoa(i)+"].value")})
		}
	}
	return all
}

// argoChart looks at a source's version. An OCI registry's repoURL has no scheme
// where chart names the chart, and oci:// where the URL is all of the name.
func (c *collector) argoChart(n *yaml.Node) {
	url, chart, version := c.scalarAt(n, "repoURL"), lookup(n, "chart"), c.scalarAt(n, "targetRevision")
	if url == nil || version == nil {
		return
	}
	repository := url.scalar().Value
	if chart == nil {
		switch revision := version.scalar().Value; {
		case validDigest(revision):
			c.artifact(url, parts{digest: version})
		case !looseVersion(revision): // a tag, perhaps with a digest behind it
			c.artifact(url, parts{tag: version, ranges: true})
		}
		return
	}
	name := text(chart)
	switch {
	case !strings.Contains(repository, "://"):
		c.chart(ChartImage(ociScheme+repository, name), nil, version)
	case strings.HasSuffix(repository, "/"+name):
		// Argo CD takes such an URL as it is. Where it doesn't name the chart, one of
		// the two is a mistake, and it isn't certain which.
		c.chart(ChartImage(repository, ""), nil, version)
	}
}

// looseVersion tells whether a text is a version with less than three numbers, for
// which Argo CD may take the newest that fits.
func looseVersion(s string) bool {
	s = strings.TrimPrefix(s, "v")
	return s != "" && strings.Count(s, ".") < 2 && strings.Trim(s, "0123456789.xX") == ""
}

// argoImage looks at name:tag, name@digest or name=image, as kustomize edit set image
// takes them.
func (c *collector) argoImage(s *site) {
	v := s.scalar()
	if v.Tag != yaml.NodeTagString || c.markers[v] != nil {
		return
	}
	name, _, renamed := strings.Cut(v.Value, "=")
	prefix := ""
	if renamed {
		prefix = name + "="
	}
	image, ok := splitImage(v.Value[len(prefix):])
	switch {
	case !ok || renamed && !validName(name):
		c.pass(s)
	case image.tag != "" || image.digest != "":
		c.add(entry{
			ref:   Reference{Form: FormKustomize, Image: image.name, Tag: image.tag, Digest: image.digest},
			value: s, prefix: prefix,
		})
	}
}
