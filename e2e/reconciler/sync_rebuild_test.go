package reconciler_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/e2e/testbed"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// rebuilt is a repository's whole content: definitions and objects of them, something
// cluster-wide, generated names, and things that need others.
func rebuilt(namespace, group string) map[string]string {
	return map[string]string{ //nolint:gosec // G101: a Secret that guards nothing
		"app/crd.yaml": fmt.Sprintf(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.%[1]s}
spec:
  group: %[1]s
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer, default: 3}, tone: {type: string}}}}}}
`, group),
		"app/gadget.yaml":       fmt.Sprintf("apiVersion: %s/v1\nkind: Gadget\nmetadata: {name: one}\nspec: {tone: warm}\n", group),
		"app/web.yaml":          web("example.com/web:1"),
		"app/service.yaml":      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n",
		"app/secret.yaml":       "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n",
		"app/role.yaml":         "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]\n",
		"app/class.yaml":        fmt.Sprintf("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high-%s}\nvalue: 1000\n", namespace),
		"app/last.yaml":         inWave(manifest("last", "1"), 2),
		"app/generated.yaml":    manifest("plain", "1"),
		"app/sub/deep.yaml":     manifest("deep", "1"),
		"app/sub/negative.yaml": inWave(manifest("early", "1"), -1),
	}
}

// TestSyncRebuildsTheCluster holds that a cluster that is made anew from Git alone equals
// the one that was lost: not an object, a field or an owner of a field more or less.
func TestSyncRebuildsTheCluster(t *testing.T) {
	s := newSyncs(t)
	s.serviceAccount("builder", "")
	s.bindClusterAdmin("builder")
	group := testbed.UniqueName() + ".example"
	revision := s.commit(rebuilt(s.namespace, group))
	as := func(sync *v1.Sync) { sync.Spec.ServiceAccountName = "builder" }
	s.newSync("app", as)
	s.awaitReady("app", revision)
	kinds := []schema.GroupVersionResource{
		{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
		{Group: group, Version: "v1", Resource: "gadgets"},
		{Group: "scheduling.k8s.io", Version: "v1", Resource: "priorityclasses"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
		{Version: "v1", Resource: "services"}, {Version: "v1", Resource: "secrets"},
		configMapResource(), deploymentResource(),
	}
	before := s.standing("app", kinds)
	if len(before) != len(rebuilt(s.namespace, group)) {
		t.Fatalf("%d objects stand, want %d", len(before), len(rebuilt(s.namespace, group)))
	}

	s.stop()
	s.destroy("app", kinds)
	s.config.CacheDir = t.TempDir()
	s.newSync("app", as)
	s.start()
	s.awaitReady("app", revision)
	if diff := cmp.Diff(before, s.standing("app", kinds)); diff != "" {
		t.Errorf("the cluster that was made anew (-lost +new):\n%s", diff)
	}
}

// bindClusterAdmin gives a ServiceAccount of the namespace all rights in the cluster.
func (s *syncs) bindClusterAdmin(name string) {
	s.Helper()
	resource := schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"}
	binding := object(s.TB, fmt.Sprintf(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: %[1]s-%[2]s},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin},
  subjects: [{kind: ServiceAccount, namespace: %[1]s, name: %[2]s}]}`, s.namespace, name))
	_, err := s.dynamic.Resource(resource).Create(s.ctx(), binding, metav1.CreateOptions{})
	s.must(err)
}

// standing gives the objects of a Sync as they stand, without what is anew in any cluster.
func (s *syncs) standing(name string, kinds []schema.GroupVersionResource) map[string]any {
	s.Helper()
	all := map[string]any{}
	for _, kind := range kinds {
		list, err := s.dynamic.Resource(kind).List(s.ctx(), metav1.ListOptions{LabelSelector: apply.PartOfLabel + "=" + s.setOf(name)})
		s.must(err)
		for _, o := range list.Items {
			all[o.GetKind()+" "+o.GetName()] = lasting(&o)
		}
	}
	return all
}

func (s *syncs) setOf(name string) string {
	return apply.SetID(inventory.ObjectRef{Group: v1.Group, Version: v1.Version, Kind: v1.Kind, Namespace: s.namespace, Name: name})
}

// lasting takes out of an object what belongs to one life of it: who it is, when, which
// addresses it was given, and how it fares.
func lasting(o *unstructured.Unstructured) map[string]any {
	for _, field := range [][]string{
		{"metadata", "uid"}, {"metadata", "resourceVersion"}, {"metadata", "creationTimestamp"}, {"metadata", "generation"},
		{"spec", "clusterIP"}, {"spec", "clusterIPs"}, {"status"},
	} {
		unstructured.RemoveNestedField(o.Object, field...)
	}
	ours := slices.DeleteFunc(o.GetManagedFields(), func(e metav1.ManagedFieldsEntry) bool { return e.Manager != apply.FieldManager })
	for i := range ours {
		ours[i].Time = nil
	}
	o.SetManagedFields(ours)
	return o.Object
}

// destroy deletes the Sync without its reconciler, all it owned, and its inventory.
func (s *syncs) destroy(name string, kinds []schema.GroupVersionResource) {
	s.Helper()
	syncs := s.dynamic.Resource(syncResource()).Namespace(s.namespace)
	_, err := syncs.Patch(s.ctx(), name, "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	s.must(err)
	s.must(syncs.Delete(s.ctx(), name, metav1.DeleteOptions{}))
	for _, kind := range slices.Backward(kinds) {
		list, err := s.dynamic.Resource(kind).List(s.ctx(), metav1.ListOptions{LabelSelector: apply.PartOfLabel + "=" + s.setOf(name)})
		if apierrors.IsNotFound(err) {
			continue
		}
		s.must(err)
		for _, o := range list.Items {
			s.must(s.dynamic.Resource(kind).Namespace(o.GetNamespace()).Delete(s.ctx(), o.GetName(), metav1.DeleteOptions{}))
			s.await(kind, o.GetNamespace(), o.GetName(), "being gone", func(o *unstructured.Unstructured) bool { return o == nil })
		}
	}
	maps, err := s.dynamic.Resource(configMapResource()).Namespace(s.namespace).List(s.ctx(), metav1.ListOptions{})
	s.must(err)
	for _, o := range maps.Items {
		if strings.HasPrefix(o.GetName(), "towline-inventory-") {
			err := s.dynamic.Resource(configMapResource()).Namespace(s.namespace).Delete(s.ctx(), o.GetName(), metav1.DeleteOptions{})
			if !apierrors.IsNotFound(err) {
				s.must(err)
			}
		}
	}
}
