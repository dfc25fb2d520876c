package edit

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// ociScheme begins the URLs of OCI registries.
const ociScheme = "oci://"

// SourceRef is how a chart's reference names the repository that its chart is in,
// which may stand in another document or file.
type SourceRef struct {
	Kind            string // HelmRepository
	Namespace, Name string // Namespace is empty where the file doesn't say
	Chart           string // the chart's name within the repository
}

// Source is a chart repository that a file defines.
type Source struct {
	File            string
	Kind            string // HelmRepository
	Namespace, Name string // Namespace is empty where the file doesn't say
	URL             string // as written; that of an OCI registry begins with oci://
}

// Provides tells whether the source is one that a reference names. A namespace that
// isn't said may be any.
func (s Source) Provides(r SourceRef) bool {
	return s.Kind == r.Kind && s.Name == r.Name && (s.Namespace == r.Namespace || s.Namespace == "" || r.Namespace == "")
}

// ChartImage returns the image that holds the versions of a chart, the repository's
// URL and the chart's name joined; "" where the URL isn't that of an OCI registry.
func ChartImage(url, chart string) string {
	rest, ok := strings.CutPrefix(url, ociScheme)
	if !ok {
		return ""
	}
	image := strings.Trim(rest, "/")
	if chart != "" {
		image += "/" + chart
	}
	if !validName(image) {
		return ""
	}
	return image
}

// maxNamesakes bounds how many sources of one name are told apart in a file.
const maxNamesakes = 100

// resolveSources gives the charts whose repository the same file defines their image.
func (c *collector) resolveSources() {
	byName := map[string][]Source{}
	for _, s := range c.sources {
		byName[s.Name] = append(byName[s.Name], s)
	}
	for i := range c.entries {
		if ref := &c.entries[i].ref; ref.Source != nil && len(byName[ref.Source.Name]) <= maxNamesakes {
			ref.Image = provided(*ref.Source, byName[ref.Source.Name])
		}
	}
}

// provided returns the image of a chart, "" where the sources that may be meant
// aren't all at the same place.
func provided(r SourceRef, sources []Source) string {
	url := ""
	for _, s := range sources {
		if !s.Provides(r) {
			continue
		}
		if url != "" && s.URL != url {
			return ""
		}
		url = s.URL
	}
	return ChartImage(url, r.Chart)
}

// chart makes the reference of a chart's version. Only an exact version is one: a
// range is settled by whoever installs the chart.
func (c *collector) chart(image string, source *SourceRef, version *site) {
	if version == nil || image == "" && source == nil || c.marked(version) {
		return
	}
	v := version.scalar()
	tag := chartTag(v.Value)
	if v.Tag != yaml.NodeTagString || !exactVersion(v.Value) || !validTag(tag) {
		c.pass(version)
		return
	}
	c.add(entry{ref: Reference{Form: FormChart, Image: image, Tag: tag, Source: source}, newTag: version})
}

// artifact makes the reference of an OCI artifact's tag, digest or both.
func (c *collector) artifact(url *site, p parts) {
	image := ""
	if url != nil {
		image = ChartImage(url.scalar().Value, "")
	}
	if image == "" {
		if url != nil && strings.HasPrefix(url.scalar().Value, ociScheme) {
			c.pass(url)
		}
		return
	}
	p.image = image
	c.parts(FormArtifact, p)
}

// scalarAt returns the place of a scalar below a mapping at the current path, nil
// where there is none.
func (c *collector) scalarAt(n *yaml.Node, keys ...string) *site {
	var steps []string
	for _, key := range keys {
		steps = append(steps, wordStep(key))
	}
	value := below(n, keys...)
	if value == nil || resolve(value).Kind != yaml.ScalarNode {
		return nil
	}
	return c.site(value, steps...)
}

// exactVersion tells whether a text is a version by semver.org, perhaps behind a v;
// 1.2 and 1.x are ranges to Helm.
func exactVersion(s string) bool {
	s = strings.TrimPrefix(s, "v")
	s, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(s, "-")
	numbers := strings.Split(core, ".")
	if len(numbers) != 3 || hasPre && !identifiers(pre) || hasBuild && !identifiers(build) {
		return false
	}
	for _, n := range numbers {
		if !isDigits(n) {
			return false
		}
	}
	return true
}

// identifiers checks what may stand behind - and + in a version.
func identifiers(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := range len(part) {
			if !isAlnum(part[i]) && part[i] != '-' {
				return false
			}
		}
	}
	return true
}

// A tag can't hold the + of a version, so Helm writes _ there.
func chartTag(version string) string { return strings.ReplaceAll(version, "+", "_") }

func chartVersion(tag string) string { return strings.ReplaceAll(tag, "_", "+") }

// planChart writes a chart's version.
func planChart(e entry, c Change) ([]want, string) {
	tag := e.ref.Tag
	if c.Tag != "" {
		tag = c.Tag
	}
	text := chartVersion(tag)
	switch {
	case c.Image != "" && e.ref.Image != "" && !SameImage(c.Image, e.ref.Image):
		return nil, "a chart's repository and name stand in values of their own, which aren't changed"
	case c.Digest != "" && c.Digest != e.ref.Digest:
		return nil, "a chart's version has no place for a digest"
	case !exactVersion(text):
		return nil, fmt.Sprintf("%.200q isn't a chart's version", tag)
	}
	return []want{{site: e.newTag, text: text, from: e.ref.Tag, to: tag}}, ""
}
