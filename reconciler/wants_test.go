package reconciler

import (
	"slices"
	"testing"

	"github.com/towline-dev/towline/reconciler/inventory"
)

func TestAmong(t *testing.T) {
	refs := []inventory.ObjectRef{
		{Kind: "ConfigMap", Namespace: "shop", Name: "web"}, {Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"},
		{Group: "apps", Kind: "Deployment", Namespace: "stage", Name: "web"}, {Kind: "Namespace", Namespace: "shop", Name: "shop"},
	}
	slices.SortFunc(refs, byName)
	for _, tt := range []struct {
		name string
		ref  inventory.ObjectRef
		want bool
	}{
		{"as it stands there", refs[0], true},
		{"whatever the version", inventory.ObjectRef{Group: "apps", Version: "v1beta1", Kind: "Deployment", Namespace: "stage", Name: "web"}, true},
		{"of the cluster", inventory.ObjectRef{Kind: "Namespace", Name: "shop"}, true},
		{"another namespace", inventory.ObjectRef{Kind: "ConfigMap", Namespace: "stage", Name: "web"}, false},
		{"another group", inventory.ObjectRef{Group: "extensions", Kind: "Deployment", Namespace: "shop", Name: "web"}, false},
		{"another kind", inventory.ObjectRef{Kind: "Secret", Namespace: "shop", Name: "web"}, false},
		{"a name after all", inventory.ObjectRef{Kind: "Namespace", Name: "zoo"}, false},
		{"of the cluster, another kind", inventory.ObjectRef{Kind: "Node", Name: "shop"}, false},
	} {
		if got := among(refs, tt.ref); got != tt.want {
			t.Errorf("%s: %s is among them: %t, want %t", tt.name, tt.ref, got, tt.want)
		}
	}
}
