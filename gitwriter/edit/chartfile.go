package edit

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// dependencies asks for the dependencies of a Chart.yaml or requirements.yaml, which
// are known by their shape: name, version and a repository that begins with oci://.
func (c *collector) dependencies(o object) {
	for _, item := range elements(below(o.root, "dependencies")) {
		image := ChartImage(text(lookup(item, "repository")), text(lookup(item, "name")))
		if image != "" {
			c.onMapping(item, func() { c.chart(image, nil, c.scalarAt(item, "version")) })
		}
	}
}

// kustomizeCharts asks for kustomize's helmCharts:.
func (c *collector) kustomizeCharts(list *yaml.Node) {
	for _, item := range elements(list) {
		c.kustomizeChart(item)
	}
}

// kustomizeChart asks for name, repo and version of one chart.
func (c *collector) kustomizeChart(n *yaml.Node) {
	image := ChartImage(text(lookup(n, "repo")), text(lookup(n, "name")))
	if image != "" {
		c.onMapping(n, func() { c.chart(image, nil, c.scalarAt(n, "version")) })
	}
}

// rancher asks for the chart of K3s' and RKE2's HelmChart, and the values that its
// set: gives by dotted names.
func (c *collector) rancher(o object) {
	spec := below(o.root, "spec")
	if o.kind != "HelmChart" {
		return
	}
	c.onMapping(spec, func() {
		c.chart(ChartImage(text(lookup(spec, "chart")), ""), nil, c.scalarAt(spec, "version"))
		c.parameters(c.keys(below(spec, "set"), ".set"))
	})
}

// keys reads a mapping of dotted names that stands at a path below the current one.
func (c *collector) keys(n *yaml.Node, at string) []parameter {
	var all []parameter
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if resolve(n.Content[i+1]).Kind == yaml.ScalarNode {
			all = append(all, parameter{resolve(n.Content[i]).Value, c.site(n.Content[i+1], at, keyStep(n.Content[i]))})
		}
	}
	return all
}

// helmfileRepositories notes the OCI registries of a Helmfile's repositories:, which
// may stand in another document than the releases.
func (c *collector) helmfileRepositories(doc *yaml.Node) {
	for _, root := range doc.Content {
		for _, item := range elements(below(root, "repositories")) {
			if name, url := text(lookup(item, "name")), text(lookup(item, "url")); name != "" && text(lookup(item, "oci")) == "true" {
				c.charts[name] = ociScheme + strings.TrimPrefix(url, ociScheme)
			}
		}
	}
}

// helmfile asks for the releases of a Helmfile: chart, version and set.
func (c *collector) helmfile(o object) {
	if o.kind != "" {
		return
	}
	for _, item := range elements(below(o.root, "releases")) {
		chart := text(lookup(item, "chart"))
		if chart == "" {
			continue
		}
		image := ChartImage(chart, "")
		if repository, name, ok := strings.Cut(chart, "/"); ok && image == "" {
			image = ChartImage(c.charts[repository], name)
		}
		c.onMapping(item, func() {
			c.chart(image, nil, c.scalarAt(item, "version"))
			c.parameters(c.pairs(below(item, "set"), ".set"))
		})
	}
}
