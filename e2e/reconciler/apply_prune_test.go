package reconciler_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// exists asks the API server, not a cache.
func (h *harness) exists(object *unstructured.Unstructured) bool {
	h.Helper()
	live, err := h.resource(object).Get(h.ctx(), object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false
	}
	if err != nil {
		h.Fatal(err)
	}
	return live.GetDeletionTimestamp() == nil
}

func TestPruneWithinTheBudget(t *testing.T) {
	h := newHarness(t)
	var all []*unstructured.Unstructured
	for _, name := range strings.Split("abcdefghij", "") {
		all = append(all, configMap(t, name))
	}
	claim := object(t, "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}")
	h.apply(append(all, claim)...)
	previous := h.plan(append(all, claim)...).Refs()
	unwanted := h.plan(all[:5]...).Unwanted(previous)

	tight := apply.PruneRequest{ID: h.id, Refs: unwanted, Owned: len(previous), Budget: apply.Budget{Objects: 4}}
	h.requests.reset()
	result := h.applier.Prune(h.ctx(), tight)
	if got := result.Count(apply.Held); got != 6 || len(result.Outcomes) != 6 {
		t.Errorf("over the budget, %d of %d are held, want all 6", got, len(result.Outcomes))
	}
	if got := h.requests.of("DELETE"); got != 0 {
		t.Errorf("%d requests to delete, want none", got)
	}

	roomy := tight
	roomy.Budget = apply.Budget{Objects: 5, Percent: 50}
	want := map[string]apply.Action{
		"ConfigMap/f": apply.Deleted, "ConfigMap/g": apply.Deleted, "ConfigMap/h": apply.Deleted, "ConfigMap/i": apply.Deleted, "ConfigMap/j": apply.Deleted,
		"PersistentVolumeClaim/data": apply.Held,
	}
	if diff := cmp.Diff(want, actions(h.applier.Prune(h.ctx(), roomy))); diff != "" {
		t.Errorf("within the budget (-want +got):\n%s", diff)
	}
	for i, object := range all {
		if got, want := h.exists(object), i < 5; got != want {
			t.Errorf("ConfigMap %s exists: %t, want %t", object.GetName(), got, want)
		}
	}

	consented := apply.PruneRequest{ID: h.id, Refs: []inventory.ObjectRef{h.ref(claim), h.ref(all[9])}, Owned: 6, Consent: true}
	want = map[string]apply.Action{"PersistentVolumeClaim/data": apply.Deleted, "ConfigMap/j": apply.Gone}
	if diff := cmp.Diff(want, actions(h.applier.Prune(h.ctx(), consented))); diff != "" {
		t.Errorf("with consent (-want +got):\n%s", diff)
	}
}

func TestPruneLeavesWhatIsNotOurs(t *testing.T) {
	h := newHarness(t)
	optedOut, adopted, released, doomed := configMap(t, "opted-out"), configMap(t, "adopted"), configMap(t, "released"), configMap(t, "doomed")
	optedOut.SetAnnotations(map[string]string{apply.PruneAnnotation: apply.PruneDisabled})
	h.apply(optedOut, adopted, released, doomed)
	h.meddle(adopted, types.MergePatchType, `{"metadata":{"labels":{"`+apply.PartOfLabel+`":"applyset-other-v1"}}}`, metav1.PatchOptions{})
	h.meddle(released, types.MergePatchType, `{"metadata":{"labels":null}}`, metav1.PatchOptions{})

	refs := h.plan(optedOut, adopted, released, doomed).Refs()
	result := h.applier.Prune(h.ctx(), apply.PruneRequest{ID: h.id, Refs: refs, Owned: len(refs)})
	want := map[string]apply.Action{
		"ConfigMap/opted-out": apply.Kept, "ConfigMap/adopted": apply.Kept, "ConfigMap/released": apply.Kept, "ConfigMap/doomed": apply.Deleted,
	}
	if diff := cmp.Diff(want, actions(result)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	for _, outcome := range result.Outcomes {
		if outcome.Action == apply.Kept && outcome.Reason == "" {
			t.Errorf("%s is kept without a reason", outcome.Ref)
		}
	}
	if !h.exists(optedOut) || !h.exists(adopted) || !h.exists(released) || h.exists(doomed) {
		t.Error("the wrong objects were deleted")
	}
}

func TestPruneOfKindsThatWent(t *testing.T) {
	h := newHarness(t)
	crd, apiVersion := gadgets(t)
	gadget := object(t, "{apiVersion: "+apiVersion+", kind: Gadget, metadata: {name: one}, spec: {size: 3}}")
	h.apply(crd, gadget)
	refs := h.plan(crd, gadget).Refs()

	// Definition and resource in one go: the resource first, and nothing is left over for the next run.
	result := h.applier.Prune(h.ctx(), apply.PruneRequest{ID: h.id, Refs: refs, Owned: 2, Consent: true})
	want := map[string]apply.Action{"Gadget/one": apply.Deleted, "CustomResourceDefinition/" + crd.GetName(): apply.Deleted}
	if diff := cmp.Diff(want, actions(result)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	// A kind that was never served, as seen by a fresh mapper, is gone; one of a group whose version can't be told isn't.
	unheard := inventory.ObjectRef{Group: "never.example.com", Version: "v1", Kind: "Unheard", Namespace: h.namespace, Name: "of"}
	vague := unheard
	vague.Version, vague.Name = "", "vague"
	result = h.applier.Prune(h.ctx(), apply.PruneRequest{ID: h.id, Refs: []inventory.ObjectRef{unheard, vague}, Owned: 2})
	want = map[string]apply.Action{"Unheard/of": apply.Gone, "Unheard/vague": apply.Failed}
	if diff := cmp.Diff(want, actions(result)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestPruneAnUnreachableServerKeepsEverything(t *testing.T) {
	h := newHarness(t)
	web := configMap(t, "web")
	h.apply(web)
	refs := h.plan(web).Refs()
	failing := *h.cluster.Config
	failing.Host = "https://127.0.0.1:1"
	applier, err := apply.New(apply.Config{REST: &failing})
	if err != nil {
		t.Fatal(err)
	}
	result := applier.Prune(h.ctx(), apply.PruneRequest{ID: h.id, Refs: refs, Owned: 1})
	if got := actions(result)["ConfigMap/web"]; got != apply.Failed {
		t.Errorf("action = %s, want failed", got)
	}
	if _, err := applier.Plan(h.ctx(), h.set(web)); err == nil {
		t.Error("Plan without discovery succeeded, want an error: what isn't planned would be pruned")
	}
	if !h.exists(web) {
		t.Error("web is gone")
	}
}
