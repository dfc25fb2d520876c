package edit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strings"
	"testing"
	"text/template"

	yamlv2 "go.yaml.in/yaml/v2"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// checkReaders lets readers that have nothing to do with the package's own look at
// a file before and after: another YAML decoder, JSON's, and Go's templates.
// Where they accept the old file they must accept the new one, and see nothing
// changed but the values that the edits name.
func checkReaders(t testing.TB, before, after []byte, edits []edit.Edit) {
	t.Helper()
	texts := map[string]bool{}
	for _, e := range edits {
		texts[strings.Trim(e.New, `"`)] = true
	}
	c := readerCheck{t: t, texts: texts}
	for _, read := range []func([]byte) (any, error){readYAML, readJSON} {
		old, err := read(before)
		if err != nil {
			continue
		}
		got, err := read(after)
		if err != nil {
			t.Errorf("another reader takes the old file, but not the new one: %v", err)
			continue
		}
		c.same("", old, got)
	}
	c.rendered(string(before), string(after))
}

// readerCheck compares what a reader made of a file before and after.
type readerCheck struct {
	t     testing.TB
	texts map[string]bool // what the edits write
}

func (c *readerCheck) same(at string, old, got any) {
	c.t.Helper()
	switch o := old.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(o) {
			c.t.Errorf("%s: another reader sees %.300v, want %.300v", at, got, old)
			return
		}
		for i := range o {
			c.same(fmt.Sprintf("%s[%d]", at, i), o[i], g[i])
		}
	case map[any]any:
		g, ok := got.(map[any]any)
		if !ok || len(g) != len(o) {
			c.t.Errorf("%s: another reader sees %.300v, want %.300v", at, got, old)
			return
		}
		for key := range o {
			value, ok := g[key]
			if !ok {
				c.key(at, key, g)
				continue
			}
			c.same(fmt.Sprintf("%s.%v", at, key), o[key], value)
		}
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(o) {
			c.t.Errorf("%s: another reader sees %.300v, want %.300v", at, got, old)
			return
		}
		for key := range o {
			c.same(at+"."+key, o[key], g[key])
		}
	default:
		c.scalar(at, old, got)
	}
}

// key accepts the loss of a key for one that an edit wrote: a marked value may be
// the anchor of a key. A NaN is never found again.
func (c *readerCheck) key(at string, key any, got map[any]any) {
	c.t.Helper()
	if f, ok := key.(float64); ok && math.IsNaN(f) {
		return
	}
	for k := range got {
		if c.texts[fmt.Sprint(k)] {
			return
		}
	}
	c.t.Errorf("%s: another reader misses the key %.300v", at, key)
}

// scalar accepts what is the same, what an edit wrote, and a text whose own values
// are what edits wrote.
func (c *readerCheck) scalar(at string, old, got any) {
	c.t.Helper()
	if fmt.Sprintf("%T %[1]v", old) == fmt.Sprintf("%T %[1]v", got) {
		return
	}
	if c.texts[fmt.Sprint(got)] {
		if _, isString := got.(string); isString || fmt.Sprintf("%T", old) == fmt.Sprintf("%T", got) {
			return
		}
	}
	o, isText := old.(string)
	g, stillText := got.(string)
	if isText && stillText {
		if inner, err := readYAML([]byte(o)); err == nil {
			if innerGot, err := readYAML([]byte(g)); err == nil && fmt.Sprintf("%T", firstOf(inner)) != "string" {
				c.same(at+"|", inner, innerGot)
				return
			}
		} else if strings.Contains(o, "{{") && strings.Count(o, "\n") == strings.Count(g, "\n") {
			c.rendered(o, g)
			return
		}
	}
	c.t.Errorf("%s: another reader sees %T %.300v, want %T %.300v, or one of %v", at, got, got, old, old, c.texts)
}

func firstOf(documents any) any {
	if list, ok := documents.([]any); ok && len(list) > 0 {
		return list[0]
	}
	return nil
}

// rendered compares what Go templates print: with nothing set, and with everything
// that the golden files ask for.
func (c *readerCheck) rendered(before, after string) {
	c.t.Helper()
	if !strings.Contains(before, "{{") || strings.Contains(before, "range") || strings.Contains(before, "template") || strings.Contains(before, "block") {
		return // what loops or calls itself may never end
	}
	values := map[string]any{"x": "1", "y": "1", "a": "1", "b": "1", "z": "1", "tag": "1", "enabled": true, "debug": true}
	all := maps.Clone(values)
	all["Values"] = values
	for _, data := range []any{nil, map[string]any{"x": "1"}, map[string]any{"y": "1", "z": "latest"}, all} {
		old, err := render(before, data)
		if err != nil {
			continue
		}
		got, err := render(after, data)
		if err != nil {
			c.t.Errorf("the template doesn't render any more: %v", err)
			continue
		}
		want, err := readYAML(old)
		if err != nil {
			continue
		}
		values, err := readYAML(got)
		if err != nil {
			c.t.Errorf("the rendered template isn't YAML any more: %v", err)
			continue
		}
		c.same("rendered: ", want, values)
	}
}

func render(text string, data any) ([]byte, error) {
	indent := func(n int, s string) string {
		return strings.ReplaceAll("\n"+s, "\n", "\n"+strings.Repeat(" ", min(max(n, 0), 100)))
	}
	t, err := template.New("").Funcs(template.FuncMap{
		"include": func(...any) string { return "included: x" }, "toYaml": func(any) string { return "yaml: x" },
		"nindent": indent, "indent": func(n int, s string) string { return strings.TrimPrefix(indent(n, s), "\n") },
		"quote": func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) }, "default": func(d, _ any) any { return d },
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.Bytes(), err
}

func readYAML(data []byte) (documents any, err error) {
	defer func() {
		if r := recover(); r != nil {
			documents, err = nil, fmt.Errorf("reading panicked: %v", r)
		}
	}()
	if bytes.Count(data, []byte("*")) > 20 {
		return nil, errors.New("aliases may take their time")
	}
	var list []any
	d := yamlv2.NewDecoder(bytes.NewReader(data))
	for {
		var document any
		if err := d.Decode(&document); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, document)
	}
}

func readJSON(data []byte) (v any, err error) {
	err = json.Unmarshal(data, &v)
	return v, err
}
