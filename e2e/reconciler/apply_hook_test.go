package reconciler_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/apply"
)

func hookJob(t *testing.T, name, policy string) *unstructured.Unstructured {
	t.Helper()
	job := object(t, `{apiVersion: batch/v1, kind: Job, metadata: {name: `+name+`}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: "example.test/web:1"}]}}}}`)
	pairs := []string{apply.HookAnnotation, "pre-sync"}
	if policy != "" {
		pairs = append(pairs, apply.HookDeleteAnnotation, policy)
	}
	return annotated(job, pairs...)
}

func TestHooksRunAnewEachTimeAndGoByTheirPolicy(t *testing.T) {
	h := newHarness(t)
	hooks := []*unstructured.Unstructured{
		hookJob(t, "default", ""), hookJob(t, "succeeded", "succeeded"), hookJob(t, "failed", "failed"), hookJob(t, "both", "succeeded,failed"),
	}
	// One that is no Job, and isn't to be deleted before: it is applied over.
	settings := annotated(configMap(t, "settings"), apply.HookAnnotation, "pre-sync", apply.HookDeleteAnnotation, "succeeded")
	all := append([]*unstructured.Unstructured{settings, configMap(t, "web")}, hooks...)
	plan := h.plan(all...)
	step := plan.Steps()[0]
	if !step.Hooks() || len(step.Refs) != 5 || len(plan.Hooks()) != 5 {
		t.Fatalf("the first step is %v, hooks %v", step, plan.Hooks())
	}
	uids := func() map[string]types.UID {
		found := map[string]types.UID{}
		for _, object := range append(hooks, settings) {
			if h.exists(object) {
				found[object.GetName()] = h.get(object).GetUID()
			}
		}
		return found
	}
	run := func() {
		t.Helper()
		if err := h.applier.ApplyStep(h.ctx(), plan, step).Err(); err != nil {
			t.Fatal(err)
		}
	}
	run()
	first := uids()
	run()
	for name, uid := range uids() {
		if again := uid == first[name]; again != (name == "settings") {
			t.Errorf("%s runs anew: %t", name, !again)
		}
	}

	if err := h.applier.ClearHooks(h.ctx(), plan, step, apply.HookFailed).Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"default", "settings", "succeeded"}, names(uids())); diff != "" {
		t.Errorf("hooks after a failure (-want +got):\n%s", diff)
	}
	run()
	if err := h.applier.ClearHooks(h.ctx(), plan, step, apply.Succeeded).Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"default", "failed"}, names(uids())); diff != "" {
		t.Errorf("hooks after success (-want +got):\n%s", diff)
	}
	// Drift is healed by Apply, which runs no hooks.
	h.requests.reset()
	result := h.applier.Apply(h.ctx(), plan)
	if diff := cmp.Diff(map[string]apply.Action{"ConfigMap/web": apply.Created}, actions(result)); diff != "" {
		t.Errorf("Apply (-want +got):\n%s", diff)
	}
	h.noDrift()
}

func names(uids map[string]types.UID) []string { return slices.Sorted(maps.Keys(uids)) }

// A hook of another set, or a hook's claim of storage, isn't deleted to make way.
func TestHooksDeleteNothingThatIsNotTheirs(t *testing.T) {
	h := newHarness(t)
	claim := annotated(object(t, "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}"),
		apply.HookAnnotation, "pre-sync", apply.HookDeleteAnnotation, "before-creation,succeeded")
	foreign := hookJob(t, "foreign", "")
	h.applySet(apply.Set{ID: "applyset-other-v1", Namespace: h.namespace, Objects: []*unstructured.Unstructured{func() *unstructured.Unstructured {
		plain := foreign.DeepCopy()
		plain.SetAnnotations(nil)
		return plain
	}()}})
	plan := h.plan(claim, foreign)
	step := plan.Steps()[0]
	want := map[string]apply.Action{"PersistentVolumeClaim/data": apply.Created, "Job/foreign": apply.Failed}
	if diff := cmp.Diff(want, actions(h.applier.ApplyStep(h.ctx(), plan, step))); diff != "" {
		t.Errorf("first run (-want +got):\n%s", diff)
	}
	uid := h.get(claim).GetUID()
	h.applier.ApplyStep(h.ctx(), plan, step)
	h.applier.ClearHooks(h.ctx(), plan, step, apply.Succeeded)
	if !h.exists(claim) || h.get(claim).GetUID() != uid || !h.exists(foreign) {
		t.Error("something was deleted")
	}
}
