package helm

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/build"
)

// Objects with this annotation are applied when they are created and then left alone. What
// it means stands with the other annotations in reconciler/apply.
const (
	reconcileAnnotation = "towline.dev/reconcile"
	reconcileDisabled   = "disabled"
)

// later gives a moment that has no field of a date or a time in common with t.
func later(t time.Time) time.Time {
	return t.AddDate(11, 5, 13).Add(7*time.Hour + 23*time.Minute + 29*time.Second + 123_456_789*time.Nanosecond)
}

// steady renders the chart. Where templates called for the time or for random numbers, it
// renders again, with another time and other numbers: an object that then differs would be
// applied anew after each restart and each commit, and a password would change under those
// who use it. It is therefore refused, unless it is applied at its creation only.
func (b *Builder) steady(ctx context.Context, request build.Request, l *loaded, top map[string]any) ([]*unstructured.Unstructured, error) {
	now := b.now()
	first, called, err := b.once(ctx, request, l, top, now)
	if err != nil || len(called) == 0 {
		return first, err
	}
	second, _, err := b.once(ctx, request, l, top, later(now))
	if err != nil {
		return nil, err
	}
	return first, compare(l.dir, first, second, called)
}

// once renders, and names the functions that were called whose result is another each time.
func (b *Builder) once(ctx context.Context, request build.Request, l *loaded, top map[string]any, now time.Time) ([]*unstructured.Unstructured, []string, error) {
	r := newRenderer(ctx, l, copyTop(top), now)
	texts, err := r.render()
	if err != nil {
		return nil, nil, err
	}
	objects, err := b.collect(request, l, texts)
	return objects, slices.Sorted(maps.Keys(r.changing)), err
}

// copyTop gives each render values of its own: templates may change them.
func copyTop(top map[string]any) map[string]any {
	next := maps.Clone(top)
	for k, v := range top {
		switch v := v.(type) {
		case values:
			next[k] = values(copyMap(v))
		case map[string]any:
			next[k] = copyMap(v)
		}
	}
	return next
}

func copyMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = copyValue(v)
	}
	return out
}

func copyValue(v any) any {
	if m, ok := asMap(v); ok {
		return copyMap(m)
	}
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = copyValue(e)
	}
	return out
}

// compare tells which objects differ between two renders.
func compare(dir string, first, second []*unstructured.Unstructured, called []string) error {
	failure := func(what string) error {
		return &build.Error{File: dir, Err: fmt.Errorf("%s (templates call %s)", what, strings.Join(called, ", ")),
			Hint: fmt.Sprintf("give the value that the chart makes up, or annotate the object with %s: %s", reconcileAnnotation, reconcileDisabled)}
	}
	if len(first) != len(second) {
		return failure("the chart renders another number of objects each time")
	}
	for i, a := range first {
		b := second[i]
		if a.GetAnnotations()[reconcileAnnotation] == reconcileDisabled && a.GetName() == b.GetName() && a.GetKind() == b.GetKind() {
			continue
		}
		if at := difference(a.Object, b.Object, ""); at != "" {
			return failure(fmt.Sprintf("%s %s differs each time it is rendered, in %s", a.GetKind(), a.GetName(), at))
		}
	}
	return nil
}

// difference names the first field in which two values differ, or nothing.
func difference(a, b any, at string) string {
	first, ok := a.(map[string]any)
	second, same := b.(map[string]any)
	if !ok || !same {
		if reflect.DeepEqual(a, b) {
			return ""
		}
		return strings.TrimPrefix(at, ".")
	}
	names := maps.Clone(first)
	maps.Copy(names, second)
	for _, k := range slices.Sorted(maps.Keys(names)) {
		if found := difference(first[k], second[k], at+"."+k); found != "" {
			return found
		}
	}
	return ""
}
