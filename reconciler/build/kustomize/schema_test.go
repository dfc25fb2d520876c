package kustomize_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
)

// schema says that the items of a Thing are told apart by their name.
const schema = `{"definitions": {"thing": {"type": "object",
"x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
"properties": {"spec": {"type": "object", "properties": {"items": {"type": "array",
"x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name",
"items": {"type": "object", "properties": {"name": {"type": "string"}, "v": {"type": "integer"}}}}}}}}}}`

func things(openapi string) fstest.MapFS {
	return fstest.MapFS{
		"top/kustomization.yaml":  {Data: []byte("resources: [../base]\n")},
		"base/kustomization.yaml": {Data: []byte("resources: [a.yaml]\npatches: [{path: p.yaml}]\n" + openapi)},
		"base/a.yaml":             {Data: []byte("apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  items: [{name: one, v: 1}, {name: two, v: 2}]\n")},
		"base/p.yaml":             {Data: []byte("apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  items: [{name: two, v: 3}]\n")},
		"base/schema.json":        {Data: []byte(schema)},
	}
}

// TestSchemaStaysItsOwn holds that a kustomization's OpenAPI schema is used for it,
// and for no other that is built before, beside or after it.
func TestSchemaStaysItsOwn(t *testing.T) {
	b := kustomize.New(build.Limits{})
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			files, want := things(""), "- name: two\n    v: 3\n"
			if i%3 == 0 {
				files, want = things("openapi: {path: schema.json}\n"), "- name: two\n    v: 3\n  - name: one\n    v: 1\n"
			}
			objects, err := b.Build(t.Context(), build.Request{Files: files, Dir: "top"})
			if err != nil {
				t.Errorf("%d: %v", i, err)
				return
			}
			var out bytes.Buffer
			if err := build.Encode(&out, objects); err != nil {
				t.Error(err)
			}
			_, got, _ := strings.Cut(out.String(), "items:\n  ")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d (-want +got):\n%s", i, diff)
			}
		})
	}
	group.Wait()
}

// TestGivesUp holds that a build ends with its context, though the library doesn't.
func TestGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := kustomize.New(build.Limits{}).Build(ctx, build.Request{Files: large(600), Dir: "."})
	if !errors.Is(err, context.DeadlineExceeded) || build.IsPermanent(err) {
		t.Errorf("error %v, want one of the deadline", err)
	}
}

func TestTooManyObjects(t *testing.T) {
	doc := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\n---\n"
	var text strings.Builder
	for i := range 21_000 {
		fmt.Fprintf(&text, doc, i)
	}
	_, err := kustomize.New(build.Limits{}).Build(t.Context(), build.Request{Files: fstest.MapFS{
		"kustomization.yaml": {Data: []byte("resources: [a.yaml]\n")}, "a.yaml": {Data: []byte(text.String())},
	}, Dir: "."})
	if err == nil || !strings.Contains(err.Error(), "a.yaml: too many objects to render") {
		t.Errorf("error %v, want one that refuses them before they are rendered", err)
	}
}
