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
	values  map[string]string // of variables; nil leaves them alone
	grow    int               // bytes that texts may still grow by their variables
	objects []*unstructured.Unstructured
	seen    map[string]Error // identity → place of the first
	errs    []error
	dropped int // errors beyond maxErrors
	full    bool
}

// NewCollector gives an empty Collector, which puts the variables of the options in.
func NewCollector(limits Limits, options Options) *Collector {
	limits = limits.WithDefaults()
	return &Collector{limits: limits, values: options.Variables, grow: int(limits.Bytes), seen: map[string]Error{}}
}

// Add takes one document that stands at file:line. Errors are kept for Objects,
// so that a person sees all of them at once.
func (c *Collector) Add(file string, line int, object map[string]any) {
	c.AddUnquoted(file, line, object, nil)
}

// AddUnquoted is Add for a document of which is known what was written without quotes.
func (c *Collector) AddUnquoted(file string, line int, object map[string]any, unquoted Unquoted) {
	c.document(origin{file: file, line: line, unquoted: unquoted}, "", object)
}

// document adds an object, or those of a list, from the place path in its document.
func (c *Collector) document(d origin, path string, object map[string]any) {
	u := &unstructured.Unstructured{Object: object}
	if !isList(u) {
		c.add(d, path, u)
		return
	}
	items, _ := u.Object["items"].([]any)
	for i, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			c.Fail(&Error{File: d.file, Line: d.line, Err: fmt.Errorf("items[%d] of the %s isn't an object", i, u.GetKind())})
			continue
		}
		c.document(d, joinItem(joinField(path, "items"), i), m)
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

// origin is where a document stands.
type origin struct {
	file     string
	line     int
	unquoted Unquoted
}

func (c *Collector) add(d origin, path string, u *unstructured.Unstructured) {
	file, line := d.file, d.line
	if forBot(u) {
		return
	}
	u, ok := c.substitute(d, path, u)
	if !ok {
		return
	}
	if err := check(u); err != nil {
		c.Fail(&Error{File: file, Line: line, Err: err, Hint: hint(u)})
		return
	}
	if err := checkEncrypted(u); err != nil {
		c.Fail(&Error{File: file, Line: line, Err: fmt.Errorf("%s %w", describe(u), err), Hint: hintEncrypted})
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

// substitute puts the variables in. False means that it failed, which is recorded.
func (c *Collector) substitute(d origin, path string, u *unstructured.Unstructured) (*unstructured.Unstructured, bool) {
	if c.values == nil || optedOut(u) {
		return u, true
	}
	v := variables{values: c.values, unquoted: d.unquoted, left: c.grow}
	name := describe(u)
	u = v.object(u, path)
	c.grow = v.left
	for _, err := range v.errs {
		c.Fail(&Error{File: d.file, Line: d.line, Err: fmt.Errorf("%s: %w", name, err), Hint: hintVariable(err)})
	}
	return u, len(v.errs) == 0
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
