package apply

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// IgnoreRule says which fields of which objects are left to others. What isn't named matches any.
type IgnoreRule struct {
	Group     string // "core" is the core group
	Kind      string
	Namespace string
	Name      string
	// Fields are paths such as spec.replicas, metadata.annotations["a.example/b"],
	// spec.template.spec.containers[name=web].image, ...containers[*].image, or JSON pointers that begin with a slash.
	// In a list that the API server only knows as a whole, nothing but the whole list can be left to others.
	Fields []string
}

// CheckIgnore returns an error that names the first rule with a path that can't be read. [Applier.Plan] checks likewise.
func CheckIgnore(rules []IgnoreRule) error {
	_, err := readRules(rules)
	return err
}

// rule is an IgnoreRule that was read.
type rule struct {
	IgnoreRule
	paths []path
}

func readRules(rules []IgnoreRule) ([]rule, error) {
	var read []rule
	for i, given := range rules {
		paths, err := parsePaths(given.Fields)
		if err != nil {
			return nil, fmt.Errorf("reading ignore rule %d: %w", i+1, err)
		}
		read = append(read, rule{given, paths})
	}
	return read, nil
}

func parsePaths(texts []string) ([]path, error) {
	var paths []path
	for _, text := range texts {
		parsed, err := parsePath(text)
		if err != nil {
			return nil, err
		}
		paths = append(paths, parsed)
	}
	return paths, nil
}

func (r rule) matches(ref inventory.ObjectRef) bool {
	group := r.Group == "" || r.Group == ref.Group || r.Group == "core" && ref.Group == ""
	return group && (r.Kind == "" || r.Kind == ref.Kind) && (r.Namespace == "" || r.Namespace == ref.Namespace) && (r.Name == "" || r.Name == ref.Name)
}

// others finds what is left to others, object by object.
type others struct {
	rules   []rule
	scaled  map[inventory.ObjectRef]bool // by the set's own autoscalers
	managed func(inventory.ObjectRef) []string
}

func othersOf(set Set) (others, error) {
	rules, err := readRules(set.Ignore)
	if err != nil {
		return others{}, err
	}
	return others{rules: rules, scaled: scaledBy(set), managed: set.Managed}, nil
}

// of returns what is left to others of one object.
func (o others) of(ref inventory.ObjectRef) ([]path, error) {
	var paths []path
	for _, rule := range o.rules {
		if rule.matches(ref) {
			paths = append(paths, rule.paths...)
		}
	}
	if o.scaled[ref.Identity()] {
		spec, replicas := "spec", "replicas"
		paths = append(paths, path{{key: &spec}, {key: &replicas}})
	}
	if o.managed == nil {
		return paths, nil
	}
	managed, err := parsePaths(o.managed(ref))
	if err != nil {
		return nil, fmt.Errorf("reading what is managed of %s: %w", ref, err)
	}
	return append(paths, managed...), nil
}

// scaledBy returns the objects whose replicas are up to the HorizontalPodAutoscalers of the set.
func scaledBy(set Set) map[inventory.ObjectRef]bool {
	scaled := map[inventory.ObjectRef]bool{}
	for _, object := range set.Objects {
		if kind := object.GroupVersionKind(); kind.Group != "autoscaling" || kind.Kind != "HorizontalPodAutoscaler" {
			continue
		}
		target, _, err := unstructured.NestedStringMap(object.Object, "spec", "scaleTargetRef")
		if err != nil {
			continue // the API server will say what is wrong with it
		}
		group, _, versioned := strings.Cut(target["apiVersion"], "/")
		if !versioned {
			group = ""
		}
		ref := inventory.ObjectRef{Group: group, Kind: target["kind"], Namespace: object.GetNamespace(), Name: target["name"]}
		if ref.Namespace == "" {
			ref.Namespace = set.Namespace
		}
		scaled[ref] = true
	}
	return scaled
}

// omitAll returns the object without what the paths name. It shares what it didn't change with the original.
func omitAll(object map[string]any, paths []path) map[string]any {
	for _, path := range paths {
		if rest, ok := path.omit(object); ok {
			object, _ = rest.(map[string]any) // a path has at least one step, so it takes parts of a map away
		}
	}
	return object
}

// without returns the set of fields without those that the paths name, and whether there were any. Items of lists that a
// path names by index are found by the rendered object, since managed fields know them by their keys only.
func without(fields *fieldpath.Set, paths []path, rendered map[string]any) (*fieldpath.Set, bool) {
	var all []path
	for _, p := range paths {
		all = append(all, append(p.resolve(rendered), p)...)
	}
	rest, found := fieldpath.NewSet(), false
	for field := range fields.All() {
		if named(all, field) {
			found = true
			continue
		}
		rest.Insert(field.Copy())
	}
	return rest, found
}

func named(paths []path, field fieldpath.Path) bool {
	for _, p := range paths {
		if p.covers(field) {
			return true
		}
	}
	return false
}

// covers reports whether the field is what the path names, or part of it.
func (p path) covers(field fieldpath.Path) bool {
	if len(field) < len(p) {
		return false
	}
	for i, step := range p {
		if !step.is(field[i]) {
			return false
		}
	}
	return true
}

// is reports whether the segment matches one element of a managed field. An item of a list matches by those of its keys
// that the segment names.
func (s segment) is(element fieldpath.PathElement) bool {
	switch {
	case s.any:
		return true
	case element.FieldName != nil:
		return s.key != nil && *s.key == *element.FieldName
	case element.Index != nil:
		return s.index != nil && *s.index == *element.Index
	case element.Key == nil || s.match == nil:
		return false
	}
	common := 0
	for _, key := range *element.Key {
		want, ok := s.match[key.Name]
		if !ok {
			continue
		}
		if fmt.Sprint(key.Value.Unstructured()) != want {
			return false
		}
		common++
	}
	return common > 0
}

// resolve returns the path once for each thing that it names in the object, with items of lists named by what is in them.
func (p path) resolve(value any) []path {
	if len(p) == 0 {
		return []path{nil}
	}
	var found []path
	into := func(step segment, child any) {
		for _, rest := range p[1:].resolve(child) {
			found = append(found, append(path{step}, rest...))
		}
	}
	switch value := value.(type) {
	case map[string]any:
		for key, child := range value {
			if p[0].takes(key) {
				into(segment{key: &key}, child)
			}
		}
	case []any:
		for i, item := range value {
			if p[0].picks(i, item) {
				into(segment{match: scalars(item)}, item)
			}
		}
	}
	return found
}

// scalars returns the simple fields of an item, as text.
func scalars(item any) map[string]string {
	found := map[string]string{}
	fields, _ := item.(map[string]any)
	for name, value := range fields {
		switch value.(type) {
		case map[string]any, []any, nil:
		default:
			found[name] = fmt.Sprint(value)
		}
	}
	return found
}
