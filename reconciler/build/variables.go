package build

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/reconciler/build/substitute"
)

// AnnotationSubstitute with the value "disabled" leaves an object's text as it is.
// Flux's own annotation or label says the same.
const (
	AnnotationSubstitute     = "towline.dev/substitute"
	annotationFluxSubstitute = "kustomize.toolkit.fluxcd.io/substitute"
)

// variables puts the values of a Sync in for the variables of objects. Strings stay
// strings, so no value can add a field; but a scalar that its author wrote without
// quotes is read anew, as a number or a boolean if it is one then.
type variables struct {
	values   map[string]string
	unquoted Unquoted
	left     int // bytes that texts may still grow
	errs     []error
}

// object gives the object with its variables replaced, unless there are errs. path is
// the place of the object in its document.
func (v *variables) object(u *unstructured.Unstructured, path string) *unstructured.Unstructured {
	kind := u.GetKind()
	return &unstructured.Unstructured{Object: v.fields(u.Object, spot{path: path, kind: kind})}
}

func hintVariable(err error) string {
	switch {
	case errors.Is(err, substitute.ErrNoValue):
		return "give it a value in spec.substitute or a default as in ${NAME:=default}; write $${NAME} where no variable is meant"
	case errors.Is(err, substitute.ErrForm):
		return "the forms are ${NAME}, ${NAME:=default} and ${NAME:-default}; write $${…} where no variable is meant, or annotate the object with " +
			AnnotationSubstitute + ": disabled"
	}
	return ""
}

func optedOut(u *unstructured.Unstructured) bool {
	notes, labels := u.GetAnnotations(), u.GetLabels()
	return notes[AnnotationSubstitute] == "disabled" || notes[annotationFluxSubstitute] == "disabled" || labels[annotationFluxSubstitute] == "disabled"
}

// spot is where a value stands in an object.
type spot struct {
	path   string
	kind   string // of the object
	depth  int    // 0 for the object itself
	name   string // the last field
	string bool   // whether what stands below is text by its nature
}

func (p spot) field(name string) spot {
	below := spot{path: joinField(p.path, name), kind: p.kind, depth: p.depth + 1, name: name}
	below.string = p.string || p.holdsText(name)
	return below
}

func (p spot) item(i int) spot {
	p.path = joinItem(p.path, i)
	p.depth++
	return p
}

// holdsText tells whether a field is text whatever it looks like: labels, annotations,
// the data of ConfigMaps and Secrets, the values of environment variables.
func (p spot) holdsText(name string) bool {
	switch name {
	case "labels", "annotations", "matchLabels", "nodeSelector":
		return true
	case "data", "stringData":
		return p.depth == 0 && (p.kind == "ConfigMap" || p.kind == "Secret")
	case "value":
		return p.name == "env"
	}
	return false
}

func (v *variables) value(value any, at spot) any {
	switch value := value.(type) {
	case map[string]any:
		return v.fields(value, at)
	case []any:
		for i := range value {
			value[i] = v.value(value[i], at.item(i))
		}
	case string:
		if substitute.Has(value) {
			return v.scalar(value, at)
		}
	}
	return value
}

func (v *variables) fields(m map[string]any, at spot) map[string]any {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		below := at.field(name)
		value := v.value(m[name], below)
		if !substitute.Has(name) {
			m[name] = value
			continue
		}
		renamed, ok := v.expand(name, below)
		if _, taken := m[renamed]; taken && ok {
			v.fail(below, fmt.Errorf("with its variables the field is called %q, as another one is", renamed))
			continue
		}
		delete(m, name)
		m[renamed] = value
	}
	return m
}

func (v *variables) scalar(text string, at spot) any {
	expanded, ok := v.expand(text, at)
	if ok && !at.string && v.unquoted[at.path] {
		return typed(expanded)
	}
	return expanded
}

func (v *variables) expand(text string, at spot) (string, bool) {
	expanded, err := substitute.Expand(text, v.values, len(text)+v.left)
	if err != nil {
		v.fail(at, err)
		return text, false
	}
	v.left -= max(0, len(expanded)-len(text))
	return expanded, true
}

// maxPerObject bounds the errors that are told of one object.
const maxPerObject = 3

func (v *variables) fail(at spot, err error) {
	if len(v.errs) < maxPerObject {
		v.errs = append(v.errs, fmt.Errorf("%s: %w", at.path, err))
	}
}

// typed reads text as YAML reads a scalar without quotes, if it is a number or a
// boolean then.
func typed(text string) any {
	if !regexp.MustCompile(`^[A-Za-z0-9.+_-]+$`).MatchString(text) {
		return text
	}
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return text
	}
	var value any
	if utiljson.Unmarshal(data, &value) != nil {
		return text
	}
	switch value.(type) {
	case bool, int64, float64:
		return value
	}
	return text
}

func joinField(path, name string) string {
	if strings.ContainsAny(name, ".[]\"") {
		return path + "[" + strconv.Quote(name) + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func joinItem(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
