package applyset_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/applyset"
	"github.com/towline-dev/towline/reconciler/inventory"
)

func parent() inventory.ObjectRef {
	return inventory.ObjectRef{Group: "towline.dev", Version: "v1", Kind: "Sync", Namespace: "shop", Name: "web"}
}

func Example() {
	described := applyset.Describe(parent(), []inventory.ObjectRef{
		{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"},
		{Kind: "Service", Namespace: "edge", Name: "web"},
	})
	fmt.Println(described.Annotations[applyset.KindsAnnotation])
	fmt.Println(described.Annotations[applyset.NamespacesAnnotation])
	// Output:
	// Deployment.apps,Service
	// edge
}

func TestDescribe(t *testing.T) {
	ref := func(group, kind, namespace, name string) inventory.ObjectRef {
		return inventory.ObjectRef{Group: group, Version: "v1", Kind: kind, Namespace: namespace, Name: name}
	}
	got := applyset.Describe(parent(), []inventory.ObjectRef{
		ref("", "Service", "b", "x"), ref("apps", "Deployment", "shop", "x"), ref("", "ConfigMap", "a", "x"), ref("", "ConfigMap", "a", "y"),
		ref("", "Namespace", "", "a"),
	})
	want := applyset.Parent{
		// printf '%s' web.shop.Sync.towline.dev | sha256sum, in URL-safe base64 without padding
		Labels: map[string]string{"applyset.kubernetes.io/id": "applyset-kxp9by0taDEBH2ubm37OniwkEomDZxVixqPBF3L0Rls-v1"},
		Annotations: map[string]string{
			"applyset.kubernetes.io/tooling": "towline/v1", "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Deployment.apps,Namespace,Service",
			"applyset.kubernetes.io/additional-namespaces": "a,b",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parent (-want +got):\n%s", diff)
	}
	if !got.On(got.Labels, got.Annotations) {
		t.Error("it isn't on an object that carries it")
	}
	empty := applyset.Describe(parent(), nil)
	if empty.On(empty.Labels, nil) || empty.On(empty.Labels, got.Annotations) || empty.Annotations[applyset.KindsAnnotation] != "" {
		t.Error("an empty set is taken for another, or for none")
	}
}

func TestKinds(t *testing.T) {
	tests := []struct {
		text string
		want []schema.GroupKind
	}{
		{"", nil},
		{"ConfigMap,Deployment.apps", []schema.GroupKind{{Kind: "ConfigMap"}, {Group: "apps", Kind: "Deployment"}}},
		{" Certificate.cert-manager.io,,ConfigMap,ConfigMap", []schema.GroupKind{{Group: "cert-manager.io", Kind: "Certificate"}, {Kind: "ConfigMap"}}},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			if diff := cmp.Diff(test.want, applyset.Kinds(map[string]string{applyset.KindsAnnotation: test.text})); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForeign(t *testing.T) {
	for text, want := range map[string]string{"": "", "towline/v1": "", "towline/v2": "", "kubectl/v1.36": "kubectl", "odd": "odd", "a/towline/v1": "a/towline"} {
		if got := applyset.Foreign(map[string]string{applyset.ToolingAnnotation: text}); got != want {
			t.Errorf("Foreign(%q) = %q, want %q", text, got, want)
		}
	}
}
