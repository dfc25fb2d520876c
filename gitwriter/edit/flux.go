package edit

import "sigs.k8s.io/kustomize/kyaml/yaml"

// flux asks for what Flux's helm-controller and source-controller read.
func (c *collector) flux(o object) {
	spec := below(o.root, "spec")
	switch o.kind {
	case "HelmRelease":
		c.fluxChart(o, below(spec, "chart", "spec"))
		for _, item := range elements(below(spec, "postRenderers")) {
			c.kustomizeImages(below(item, "kustomize", "images"))
		}
	case "HelmChart":
		c.fluxChart(o, spec)
	case "OCIRepository":
		c.onMapping(spec, func() {
			if below(spec, "ref", "semver") != nil {
				return // the range decides, whatever else stands there
			}
			c.artifact(c.scalarAt(spec, "url"), parts{tag: c.scalarAt(spec, "ref", "tag"), digest: c.scalarAt(spec, "ref", "digest")})
		})
	case "HelmRepository":
		if o.name != "" {
			c.sources = append(c.sources, Source{
				File: c.f.name, Kind: o.kind, Namespace: o.namespace, Name: o.name, URL: text(lookup(spec, "url")),
			})
		}
	}
}

// fluxChart asks for chart, version and sourceRef, which is a HelmRepository, or a
// bucket or Git repository in which the chart has no version of its own.
func (c *collector) fluxChart(o object, spec *yaml.Node) {
	ref, name := below(spec, "sourceRef"), text(lookup(spec, "chart"))
	source := SourceRef{Kind: text(lookup(ref, "kind")), Name: text(lookup(ref, "name")), Namespace: text(lookup(ref, "namespace")), Chart: name}
	if source.Kind != "HelmRepository" || source.Name == "" || ChartImage(ociScheme+"x", name) == "" {
		return
	}
	if source.Namespace == "" {
		source.Namespace = o.namespace
	}
	c.onMapping(spec, func() { c.chart("", &source, c.scalarAt(spec, "version")) })
}
