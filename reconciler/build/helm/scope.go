package helm

import (
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
)

// source is one template file with what its templates see.
type source struct {
	key   string // Helm's name of it: the charts' names with "charts" between them, then templates/…
	text  string
	place string // its path in the repository
	base  string // Template.BasePath
	scope map[string]any
}

// values is the type of .Values and of the tables that templates are given, for charts
// that call its method.
type values map[string]any

// AsMap gives the plain map.
func (v values) AsMap() map[string]any { return v }

// sources gives the template files of a chart and of those that it depends on, in the
// order in which Helm parses them: what stands higher comes later and wins.
func (r *renderer) sources() []source {
	found := map[string]source{}
	r.scope(r.loaded.chart, r.top, found)
	keys := slices.Collect(maps.Keys(found))
	slices.SortFunc(keys, func(a, b string) int {
		if d := strings.Count(b, "/") - strings.Count(a, "/"); d != 0 {
			return d
		}
		return strings.Compare(b, a)
	})
	all := make([]source, len(keys))
	for i, k := range keys {
		all[i] = found[k]
	}
	return all
}

// scope gives what the templates of c see: its own values, files and metadata.
func (r *renderer) scope(c *v2.Chart, above map[string]any, found map[string]source) map[string]any {
	subcharts := map[string]any{}
	next := map[string]any{
		"Chart": metadata(c), "Files": newFiles(r.meter, c.Files), "Release": above["Release"], "Capabilities": above["Capabilities"],
		"Values": values{}, "Subcharts": subcharts,
	}
	if table, ok := above["Values"].(values); ok {
		if c.IsRoot() {
			next["Values"] = table
		} else if own, ok := asMap(table[c.Name()]); ok {
			next["Values"] = values(own)
		}
	}
	for _, dependency := range c.Dependencies() {
		subcharts[dependency.Name()] = r.scope(dependency, next, found)
	}
	full := c.ChartFullPath()
	for _, t := range c.Templates {
		if library(c) && !strings.HasPrefix(path.Base(t.Name), "_") {
			continue // a library chart only defines
		}
		key := path.Join(full, t.Name)
		found[key] = source{key: key, text: string(t.Data), place: r.loaded.places[t], base: path.Join(full, "templates"), scope: next}
	}
	return next
}

func library(c *v2.Chart) bool { return strings.EqualFold(c.Metadata.Type, "library") }

func asMap(v any) (map[string]any, bool) {
	switch m := v.(type) {
	case map[string]any:
		return m, true
	case values:
		return m, true
	case common.Values:
		return m, true
	}
	return nil, false
}

// metadata gives .Chart.
func metadata(c *v2.Chart) map[string]any {
	accessor, err := chart.NewAccessor(c)
	if err != nil {
		return map[string]any{} // never: c is of a kind that it knows
	}
	m := accessor.MetadataAsMap()
	m["IsRoot"] = c.IsRoot()
	return m
}
