package build

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// maxErrors bounds how many errors of one build are told; the rest is counted.
const maxErrors = 20

// Collector gathers the objects of one build: it flattens lists, leaves out what
// is for the bot, and holds against each object what an object must have.
type Collector struct {
	limits  Limits
	objects []*unstructured.Unstructured
	seen    map[string]Error // identity → place of the first
	errs    []error
	dropped int // errors beyond maxErrors
	full    bool
}

// NewCollector gives an empty Collector.
func NewCollector(limits Limits) *Collector {
	return &Collector{limits: limits.WithDefaults(), seen: map[string]Error{}}
}

// Add takes one document that stands at file:line. Errors are kept for Objects,
// so that a person sees all of them at once.
func (c *Collector) Add(file string, line int, object map[string]any) {
	u := &unstructured.Unstructured{Object: object}
	if !isList(u) {
		c.add(file, line, u)
		return
	}
	items, _ := u.Object["items"].([]any)
	for i, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			c.Fail(&Error{File: file, Line: line, Err: fmt.Errorf("items[%d] of the %s isn't an object", i, u.GetKind())})
			continue
		}
		c.Add(file, line, m)
	}
}

// Fail records an error that was found outside of Add.
func (c *Collector) Fail(err error) {
	if len(c.errs) >= maxErrors {
		c.dropped++
		return
	}
	c.errs = append(c.errs, err)
}

// Objects gives what was added, in that order, or all errors joined, or ErrEmpty.
func (c *Collector) Objects() ([]*unstructured.Unstructured, error) {
	if c.dropped > 0 {
		return nil, errors.Join(append(c.errs, fmt.Errorf("and %d more", c.dropped))...)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	if len(c.objects) == 0 {
		return nil, ErrEmpty
	}
	return c.objects, nil
}

func (c *Collector) add(file string, line int, u *unstructured.Unstructured) {
	if forBot(u) {
		return
	}
	if err := check(u); err != nil {
		c.Fail(&Error{File: file, Line: line, Err: err, Hint: hint(u)})
		return
	}
	key := identity(u)
	if first, ok := c.seen[key]; ok {
		at := first.File
		if first.Line > 0 {
			at = fmt.Sprintf("%s:%d", first.File, first.Line)
		}
		c.Fail(&Error{File: file, Line: line, Err: fmt.Errorf("%s is there twice; the first stands at %s", describe(u), at), Hint: "remove one of them"})
		return
	}
	c.seen[key] = Error{File: file, Line: line}
	if len(c.objects) >= c.limits.Objects {
		if !c.full {
			c.full = true
			c.Fail(&Error{File: file, Line: line, Err: fmt.Errorf("more than %d objects", c.limits.Objects)})
		}
		return
	}
	c.objects = append(c.objects, u)
}

// isList tells lists (List, ConfigMapList…) from the objects that happen to have
// a field called items.
func isList(u *unstructured.Unstructured) bool {
	return strings.HasSuffix(u.GetKind(), "List") && u.IsList()
}

func forBot(u *unstructured.Unstructured) bool {
	return u.GetAPIVersion() == "towline.dev/v1" && (u.GetKind() == "ImagePolicy" || u.GetKind() == "UpdateConfig")
}

func check(u *unstructured.Unstructured) error {
	switch {
	case u.GetAPIVersion() == "":
		return errors.New("no apiVersion")
	case u.GetKind() == "":
		return errors.New("no kind")
	case u.GetName() == "" && u.GetGenerateName() != "":
		return fmt.Errorf("%s has generateName instead of a name, so it would be another object with every apply", u.GetKind())
	case u.GetName() == "":
		return fmt.Errorf("%s without metadata.name", u.GetKind())
	}
	if _, err := schema.ParseGroupVersion(u.GetAPIVersion()); err != nil {
		return fmt.Errorf("apiVersion %q: %w", u.GetAPIVersion(), err)
	}
	for field, value := range map[string]string{"name": u.GetName(), "namespace": u.GetNamespace()} {
		if value == "" {
			continue
		}
		if bad := content.IsPathSegmentName(value); len(bad) > 0 {
			return fmt.Errorf("%s with metadata.%s %q: %s", u.GetKind(), field, value, strings.Join(bad, ", "))
		}
	}
	return nil
}

func hint(u *unstructured.Unstructured) string {
	if u.GetAPIVersion() == "" || u.GetKind() == "" {
		return "name files that aren't manifests in .towlineignore"
	}
	return ""
}

// identity leaves the version out: apps/v1 and apps/v1beta1 name one object.
func identity(u *unstructured.Unstructured) string {
	gk := u.GroupVersionKind().GroupKind()
	return strings.Join([]string{gk.Group, gk.Kind, u.GetNamespace(), u.GetName()}, "/")
}

func describe(u *unstructured.Unstructured) string {
	if ns := u.GetNamespace(); ns != "" {
		return fmt.Sprintf("%s %s/%s", u.GetKind(), ns, u.GetName())
	}
	return fmt.Sprintf("%s %s", u.GetKind(), u.GetName())
}

// Encode writes objects as a stream of YAML documents, keys sorted.
func Encode(w io.Writer, objects []*unstructured.Unstructured) error {
	for i, u := range objects {
		data, err := yaml.Marshal(u.Object)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", describe(u), err)
		}
		if i > 0 {
			data = append([]byte("---\n"), data...)
		}
		if _, err := w.Write(data); err != nil {
			return fmt.Errorf("writing %s: %w", describe(u), err)
		}
	}
	return nil
}
