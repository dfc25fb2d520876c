package apply_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/apply"
)

func decode(t *testing.T, request *http.Request) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
		t.Error(err)
	}
	return body
}

func TestPathsThatAreLeftToOthersAreNotSent(t *testing.T) {
	object := func() map[string]any {
		return map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{"name": "web", "annotations": map[string]any{"a.example/b": "1", "c": "2"}},
			"data":     map[string]any{"a": "1", "b": "2"},
			"list":     []any{map[string]any{"name": "x", "v": "1"}, map[string]any{"name": "y", "v": "2"}},
		}
	}
	tests := []struct {
		path string
		want func(map[string]any)
	}{
		{"data.a", func(o map[string]any) { o["data"] = map[string]any{"b": "2"} }},
		{".data.a", func(o map[string]any) { o["data"] = map[string]any{"b": "2"} }},
		{`data["a"]`, func(o map[string]any) { o["data"] = map[string]any{"b": "2"} }},
		{`data['b']`, func(o map[string]any) { o["data"] = map[string]any{"a": "1"} }},
		{"data[*]", func(o map[string]any) { o["data"] = map[string]any{} }},
		{"data.*", func(o map[string]any) { o["data"] = map[string]any{} }},
		{"data", func(o map[string]any) { delete(o, "data") }},
		{"data.missing.deeper", func(map[string]any) {}},
		{`metadata.annotations["a.example/b"]`, func(o map[string]any) {
			o["metadata"] = map[string]any{"name": "web", "annotations": map[string]any{"c": "2"}}
		}},
		{"/metadata/annotations/a.example~1b", func(o map[string]any) {
			o["metadata"] = map[string]any{"name": "web", "annotations": map[string]any{"c": "2"}}
		}},
		{"list[name=y].v", func(o map[string]any) {
			o["list"] = []any{map[string]any{"name": "x", "v": "1"}, map[string]any{"name": "y"}}
		}},
		{`list[name="x",v=1]`, func(o map[string]any) { o["list"] = []any{map[string]any{"name": "y", "v": "2"}} }},
		{"list[1]", func(o map[string]any) { o["list"] = []any{map[string]any{"name": "x", "v": "1"}} }},
		{"/list/0/v", func(o map[string]any) {
			o["list"] = []any{map[string]any{"name": "x"}, map[string]any{"name": "y", "v": "2"}}
		}},
		{"list[*].v", func(o map[string]any) {
			o["list"] = []any{map[string]any{"name": "x"}, map[string]any{"name": "y"}}
		}},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			var sent map[string]any
			server := newAPIServer(t, func(w http.ResponseWriter, request *http.Request) {
				if request.Method == http.MethodPatch {
					sent = decode(t, request)
				}
				_, _ = w.Write([]byte(written))
			})
			applier, original := server.applier(t), object()
			plan, err := applier.Plan(t.Context(), apply.Set{
				ID: "set", Namespace: "shop", Objects: []*unstructured.Unstructured{{Object: original}},
				Ignore: []apply.IgnoreRule{{Group: "core", Kind: "ConfigMap", Fields: []string{test.path}}, {Kind: "Other", Fields: []string{"data"}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := applier.Apply(t.Context(), plan).Err(); err != nil {
				t.Fatal(err)
			}
			want := object()
			test.want(want)
			metadata, _ := want["metadata"].(map[string]any)
			metadata["labels"], metadata["namespace"] = map[string]any{apply.PartOfLabel: "set"}, "shop"
			if diff := cmp.Diff(want, sent); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(object(), original); diff != "" {
				t.Errorf("the caller's object was changed (-was +is):\n%s", diff)
			}
		})
	}
}
