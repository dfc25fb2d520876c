package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	goyaml "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// formats are the functions that Helm adds to sprig's to write and read YAML, JSON and
// TOML. As there, those without "must" write nothing where a value can't be written, and
// those that read give the error under the key "Error" or as the only element.
func formats() template.FuncMap {
	funcs := template.FuncMap{
		"toYaml":        toYAML,
		"mustToYaml":    mustToYAML,
		"toYamlPretty":  toYAMLPretty,
		"fromYaml":      func(text string) map[string]any { return readMap(text, unmarshalYAML) },
		"fromYamlArray": func(text string) []any { return readList(text, unmarshalYAML) },
		"toJson":        toJSON,
		"mustToJson":    mustToJSON,
		"fromJson":      func(text string) map[string]any { return readMap(text, json.Unmarshal) },
		"fromJsonArray": func(text string) []any { return readList(text, json.Unmarshal) },
		"fromToml":      fromTOML,
	}
	maps.Copy(funcs, template.FuncMap{
		"toToml": func(v any) string {
			text, err := mustToTOML(v)
			if err != nil {
				return err.Error()
			}
			return text
		},
		"mustToToml": mustToTOML,
	})
	return funcs
}

func toYAML(v any) string {
	text, err := mustToYAML(v)
	if err != nil {
		return "" // as Helm has it
	}
	return text
}

func mustToYAML(v any) (string, error) {
	data, err := yaml.Marshal(v)
	return strings.TrimSuffix(string(data), "\n"), err
}

func toYAMLPretty(v any) string {
	var data bytes.Buffer
	enc := goyaml.NewEncoder(&data)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return "" // as Helm has it
	}
	return strings.TrimSuffix(data.String(), "\n")
}

func toJSON(v any) string {
	text, err := mustToJSON(v)
	if err != nil {
		return "" // as Helm has it
	}
	return text
}

func mustToJSON(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

func mustToTOML(v any) (string, error) {
	var data bytes.Buffer
	err := toml.NewEncoder(&data).Encode(v)
	return data.String(), err
}

func unmarshalYAML(data []byte, v any) error { return yaml.Unmarshal(data, v) }

func readMap(text string, read func([]byte, any) error) map[string]any {
	m := map[string]any{}
	if err := read([]byte(text), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func readList(text string, read func([]byte, any) error) []any {
	list := []any{}
	if err := read([]byte(text), &list); err != nil {
		return []any{err.Error()}
	}
	return list
}

// fromTOML refuses what is nested deeper than the parser, which calls itself for each
// bracket, has a stack for.
func fromTOML(text string) (map[string]any, error) {
	if n := strings.Count(text, "[") + strings.Count(text, "{"); n > maxList/10 {
		return nil, fmt.Errorf("%w: TOML with more than %d brackets", errTooMuch, maxList/10)
	}
	m := map[string]any{}
	if _, err := toml.Decode(text, &m); err != nil {
		m["Error"] = err.Error()
	}
	return m, nil
}
