package inventory_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/inventory"
)

func ExampleObjectRef_String() {
	fmt.Println(inventory.ObjectRef{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "web"})
	fmt.Println(inventory.ObjectRef{Version: "v1", Kind: "Namespace", Name: "shop"})
	// Output:
	// apps/Deployment/shop/web
	// core/Namespace/shop
}

func TestParseObjectRef(t *testing.T) {
	tests := []struct {
		text string
		want inventory.ObjectRef // zero: refused
	}{
		{"apps/Deployment/shop/web", inventory.ObjectRef{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}},
		{"core/ConfigMap/shop/web", inventory.ObjectRef{Kind: "ConfigMap", Namespace: "shop", Name: "web"}},
		{"core/Namespace/shop", inventory.ObjectRef{Kind: "Namespace", Name: "shop"}},
		{"rbac.authorization.k8s.io/ClusterRole/system:odd name", inventory.ObjectRef{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "system:odd name"}},
		{text: ""},
		{text: "core/Namespace"},
		{text: "core/Namespace/"},
		{text: "/ConfigMap/shop/web"},
		{text: "a/b/c/d/e"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := inventory.ParseObjectRef(test.text)
			if (err != nil) != (test.want == inventory.ObjectRef{}) {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reference (-want +got):\n%s", diff)
			}
			if err == nil && got.String() != test.text {
				t.Errorf("String() = %q, want %q", got.String(), test.text)
			}
		})
	}
}

func TestRefOf(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "shop"},
	}}
	want := inventory.ObjectRef{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "web"}
	if diff := cmp.Diff(want, inventory.RefOf(object)); diff != "" {
		t.Errorf("reference (-want +got):\n%s", diff)
	}
}

func TestSetsOfObjectsIgnoreVersions(t *testing.T) {
	ref := func(version, name string) inventory.ObjectRef {
		return inventory.ObjectRef{Group: "apps", Version: version, Kind: "Deployment", Namespace: "shop", Name: name}
	}
	previous := []inventory.ObjectRef{ref("v1", "c"), ref("v1beta1", "a"), ref("v1", "b")}
	next := []inventory.ObjectRef{ref("v1", "d"), ref("v1", "a"), ref("v1", "d")}
	backup := cmp.Diff(previous, next)

	if diff := cmp.Diff([]inventory.ObjectRef{ref("v1", "a"), ref("v1", "b"), ref("v1", "c"), ref("v1", "d")}, inventory.Union(previous, next)); diff != "" {
		t.Errorf("Union (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]inventory.ObjectRef{ref("v1", "b"), ref("v1", "c")}, inventory.Subtract(previous, next)); diff != "" {
		t.Errorf("Subtract (-want +got):\n%s", diff)
	}
	if got := inventory.Subtract(previous, nil); len(got) != 3 {
		t.Errorf("Subtract of nothing = %v, want all three", got)
	}
	if cmp.Diff(previous, next) != backup {
		t.Error("a caller's list was changed")
	}
}
