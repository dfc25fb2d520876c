package helm

import (
	"fmt"
	"io"

	v2 "helm.sh/helm/v4/pkg/chart/v2"
)

// hiding puts numbers in the place of values while Helm merges them: where a table meets
// something else, Helm's library writes both to the process's log, and into an error, and
// values may be secret. It asks of values only whether they are tables, null or booleans
// (of conditions and tags), so these stay.
type hiding struct{ hidden []any }

// token stands for a value. Helm copies it as the number that it is.
type token int

// Format writes what may be seen of a value.
func (token) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "[value]") // a formatter has nobody to tell
}

// hide gives a copy of a table in which tokens stand for values.
func (h *hiding) hide(table map[string]any) map[string]any {
	out := make(map[string]any, len(table))
	for k, v := range table {
		out[k] = h.value(v)
	}
	return out
}

func (h *hiding) value(v any) any {
	if table, ok := asMap(v); ok {
		return h.hide(table)
	}
	switch v.(type) {
	case nil, bool, token:
		return v
	}
	h.hidden = append(h.hidden, v)
	return token(len(h.hidden) - 1)
}

// show puts the values back.
func (h *hiding) show(v any) any {
	if table, ok := asMap(v); ok {
		out := make(map[string]any, len(table))
		for k, e := range table {
			out[k] = h.show(e)
		}
		return out
	}
	if t, ok := v.(token); ok {
		return copyValue(h.hidden[t])
	}
	return v
}

// charts hides the values of a chart and of those below it.
func (h *hiding) charts(c *v2.Chart) {
	c.Values = h.hide(c.Values)
	for _, d := range c.Dependencies() {
		h.charts(d)
	}
}
