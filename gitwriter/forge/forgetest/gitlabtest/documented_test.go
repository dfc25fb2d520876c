package gitlabtest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shapes are what GitLab's documentation says of answers.
type shapes map[string]map[string]string

func documented(t *testing.T) shapes {
	t.Helper()
	data, err := os.ReadFile("testdata/documented.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	delete(raw, "//")
	out := shapes{}
	for name, text := range raw {
		var shape map[string]string
		if err := json.Unmarshal(text, &shape); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = shape
	}
	return out
}

// fields gives a shape's fields, those of the shape that it adds to included.
func (s shapes) fields(name string) map[string]string {
	out := maps.Clone(s[name])
	if base, ok := out["+"]; ok {
		maps.Copy(out, s.fields(base))
		delete(out, "+")
	}
	return out
}

// check tells where a value isn't of a type.
func (s shapes) check(at string, value any, kind string) []string {
	kind = strings.TrimSuffix(kind, "*")
	if value == nil && strings.HasSuffix(kind, "?") {
		return nil
	}
	kind = strings.TrimSuffix(kind, "?")
	if item, ok := strings.CutPrefix(kind, "[]"); ok {
		list, ok := value.([]any)
		if !ok {
			return []string{at + " isn't a list"}
		}
		var out []string
		for i, v := range list {
			out = append(out, s.check(fmt.Sprintf("%s[%d]", at, i), v, item)...)
		}
		return out
	}
	if s[kind] != nil {
		return s.object(at, value, kind)
	}
	if !scalar(value, kind) {
		return []string{fmt.Sprintf("%s is %v, and no %s", at, value, kind)}
	}
	return nil
}

func (s shapes) object(at string, value any, kind string) []string {
	object, ok := value.(map[string]any)
	if !ok {
		return []string{at + " isn't an object"}
	}
	fields := s.fields(kind)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		want, known := fields[name]
		if !known {
			out = append(out, at+"."+name+" isn't documented")
			continue
		}
		out = append(out, s.check(at+"."+name, object[name], want)...)
	}
	for name, want := range fields {
		if _, there := object[name]; !there && !strings.HasSuffix(want, "*") {
			out = append(out, at+"."+name+" is missing")
		}
	}
	return out
}

var moments = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$`)

func scalar(value any, kind string) bool {
	switch v := value.(type) {
	case string:
		return kind == "string" || kind == "time" && moments.MatchString(v) || kind == "date" && len(v) == len("2006-01-02")
	case float64:
		return kind == "integer" && v == math.Trunc(v)
	case bool:
		return kind == "boolean"
	case map[string]any:
		return kind == "object"
	}
	return false
}

// The notation finds what it is there to find.
func TestShapesFindFaults(t *testing.T) {
	s := shapes{"a": {"n": "integer", "t": "time?", "l": "[]string", "o": "string*"}}
	for text, want := range map[string]int{
		`{"n": 1, "t": null, "l": []}`:                                    0,
		`{"n": 1, "t": "2026-01-02T03:04:05.000Z", "l": ["x"], "o": "y"}`: 0,
		`{"n": 1.5, "t": "yesterday", "l": [1]}`:                          3,
		`{"n": null, "t": null, "l": null, "more": 1}`:                    3,
		`{}`: 3,
		`[]`: 1,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if got := s.check("a", value, "a"); len(got) != want {
			t.Errorf("%s: %q, want %d faults", text, got, want)
		}
	}
}
