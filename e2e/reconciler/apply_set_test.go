package reconciler_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/apply"
)

// gadgets defines a kind of its own for one test.
func gadgets(t *testing.T) (definition *unstructured.Unstructured, apiVersion string) {
	t.Helper()
	group := testbed.UniqueName() + ".example.com"
	return object(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.`+group+`}
spec:
  group: `+group+`
  scope: Namespaced
  names: {kind: Gadget, listKind: GadgetList, plural: gadgets, singular: gadget}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer}}}}
`), group + "/v1"
}

// deleteAfter deletes what doesn't go with the test's namespace.
func (h *harness) deleteAfter(object *unstructured.Unstructured) {
	client := h.resource(object)
	h.Cleanup(func() {
		if err := client.Delete(context.WithoutCancel(h.Context()), object.GetName(), metav1.DeleteOptions{}); err != nil {
			h.Logf("deleting %s: %v", object.GetName(), err)
		}
	})
}

func actions(result apply.Result) map[string]apply.Action {
	got := map[string]apply.Action{}
	for _, outcome := range result.Outcomes {
		got[outcome.Ref.Kind+"/"+outcome.Ref.Name] = outcome.Action
	}
	return got
}

func TestApplySetThatBringsItsOwnKindAndNamespace(t *testing.T) {
	h := newHarness(t)
	crd, apiVersion := gadgets(t)
	space := testbed.UniqueName()
	namespace := object(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+space+"}}")
	inside := configMap(t, "inside")
	inside.SetNamespace(space)
	gadget := object(t, "{apiVersion: "+apiVersion+", kind: Gadget, metadata: {name: one}, spec: {size: 3}}")
	web := deployment(t, "web", "example.test/web:1")
	h.deleteAfter(crd)
	h.deleteAfter(namespace)

	// What depends on others comes first, to show that the order is the applier's.
	all := []*unstructured.Unstructured{gadget, inside, web, crd, namespace}
	want := map[string]apply.Action{
		"Gadget/one": apply.Created, "ConfigMap/inside": apply.Created, "Deployment/web": apply.Created,
		"CustomResourceDefinition/" + crd.GetName(): apply.Created, "Namespace/" + space: apply.Created,
	}
	if diff := cmp.Diff(want, actions(h.apply(all...))); diff != "" {
		t.Errorf("first apply (-want +got):\n%s", diff)
	}
	if got := h.get(gadget).GetLabels()[apply.PartOfLabel]; got != h.id {
		t.Errorf("label %s = %q, want %q", apply.PartOfLabel, got, h.id)
	}

	h.requests.reset()
	again := h.apply(all...)
	for name, action := range actions(again) {
		if action != apply.Unchanged {
			t.Errorf("applied again, %s is %s, want unchanged", name, action)
		}
	}
	if got := h.requests.of("PATCH") + h.requests.of("GET"); got != 0 {
		t.Errorf("applying again what is unchanged took %d requests, want none", got)
	}

	gadget.Object["spec"] = map[string]any{"size": int64(4)}
	h.requests.reset()
	if got := actions(h.apply(all...))["Gadget/one"]; got != apply.Configured {
		t.Errorf("the changed gadget is %s, want configured", got)
	}
	if got := h.requests.of("PATCH"); got != 1 {
		t.Errorf("one changed object took %d writes, want 1", got)
	}
}

func TestApplyFailuresHoldNobodyUp(t *testing.T) {
	h := newHarness(t)
	good := deployment(t, "good", "example.test/web:1")
	frozen := object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: frozen}, immutable: true, data: {key: a}}")
	h.apply(frozen, deployment(t, "selected", "example.test/web:1"))

	otherSelector := deployment(t, "selected", "example.test/web:1")
	for _, path := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
		if err := unstructured.SetNestedStringMap(otherSelector.Object, map[string]string{"app": "other"}, path...); err != nil {
			t.Fatal(err)
		}
	}
	unknownField := deployment(t, "unknown-field", "example.test/web:1")
	if err := unstructured.SetNestedField(unknownField.Object, "x", "spec", "replicaz"); err != nil {
		t.Fatal(err)
	}
	nowhere := configMap(t, "nowhere")
	nowhere.SetNamespace("does-not-exist")
	twice := configMap(t, "twice")

	plan := h.plan(good, otherSelector, unknownField, nowhere, twice, twice,
		object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: frozen}, immutable: true, data: {key: b}}"),
		object(t, "{apiVersion: example.com/v1, kind: Unheard, metadata: {name: of}}"),
		object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: ''}}"),
		object(t, "{apiVersion: v1, kind: Service, metadata: {name: portless}, spec: {ports: []}}"),
	)
	result := h.applier.Apply(h.ctx(), plan)
	got := map[string]apply.Reason{}
	for _, outcome := range result.Outcomes {
		var failure *apply.Error
		if errors.As(outcome.Err, &failure) {
			got[outcome.Ref.Kind+"/"+outcome.Ref.Name] = failure.Reason
		}
	}
	want := map[string]apply.Reason{
		"Deployment/selected": apply.ReasonImmutable, "Deployment/unknown-field": apply.ReasonInvalid,
		"ConfigMap/nowhere": apply.ReasonNotFound, "ConfigMap/twice": apply.ReasonInvalid, "ConfigMap/frozen": apply.ReasonImmutable,
		"Unheard/of": apply.ReasonNoKind, "ConfigMap/": apply.ReasonInvalid, "Service/portless": apply.ReasonInvalid,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s\n%v", diff, result.Err())
	}
	h.get(good) // fails the test when it isn't there
}

func TestApplyAsSomeoneWhoMayNot(t *testing.T) {
	h := newHarness(t)
	config := rest.CopyConfig(h.cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + h.namespace + ":default"}
	applier, err := apply.New(apply.Config{REST: config, Mapper: h.mapper})
	if err != nil {
		t.Fatal(err)
	}
	result := applier.Apply(h.ctx(), h.plan(configMap(t, "mine")))
	var failure *apply.Error
	if !errors.As(result.Err(), &failure) || failure.Reason != apply.ReasonForbidden || failure.Temporary() {
		t.Errorf("error = %v, want a lasting %s", result.Err(), apply.ReasonForbidden)
	}
}

func TestApplyTakesManifestsAsTheyWereExported(t *testing.T) {
	h := newHarness(t)
	h.apply(configMap(t, "web"))
	exported := h.get(configMap(t, "web"))
	exported.Object["data"] = map[string]any{"key": "2"}
	before := exported.DeepCopy()
	h.apply(exported)
	if diff := cmp.Diff(before, exported); diff != "" {
		t.Errorf("applying changed the caller's object (-before +after):\n%s", diff)
	}
	if got, _, _ := unstructured.NestedString(h.get(exported).Object, "data", "key"); got != "2" {
		t.Errorf("data.key = %q, want 2", got)
	}
}
