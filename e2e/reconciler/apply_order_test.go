package reconciler_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/apply"
)

// annotated returns the object with annotations given as pairs.
func annotated(object *unstructured.Unstructured, pairs ...string) *unstructured.Unstructured {
	annotations := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		annotations[pair[0]] = pair[1]
	}
	object.SetAnnotations(annotations)
	return object
}

// journal notes the writes that pass, in order, as "METHOD name".
type journal struct {
	mu   sync.Mutex
	list []string
}

func (j *journal) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.Method != http.MethodGet {
			parts := strings.Split(request.URL.Path, "/")
			j.mu.Lock()
			j.list = append(j.list, request.Method+" "+parts[len(parts)-1])
			j.mu.Unlock()
		}
		return next.RoundTrip(request)
	})
}

// noted returns an applier without memory whose writes are noted.
func (h *harness) noted() (*apply.Applier, *journal) {
	h.Helper()
	noted := &journal{}
	config := rest.CopyConfig(h.cluster.Config)
	config.Wrap(noted.wrap)
	applier, err := apply.New(apply.Config{REST: config, Workers: 1})
	if err != nil {
		h.Fatal(err)
	}
	return applier, noted
}

func TestApplyStepsWavesAndStagesInOrder(t *testing.T) {
	h := newHarness(t)
	applier, noted := h.noted()
	crd, apiVersion := gadgets(t)
	class := object(t, "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: "+testbed.UniqueName()+"}, value: 5}")
	role := object(t, "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: role}, rules: []}")
	binding := object(t, "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: binding}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: role}}")
	gadget := object(t, "{apiVersion: "+apiVersion+", kind: Gadget, metadata: {name: gadget}, spec: {size: 3}}")
	set := h.set(
		annotated(configMap(t, "last"), apply.WaveAnnotation, "10"), annotated(configMap(t, "first"), apply.WaveAnnotation, "-1"),
		binding, gadget, class, role, crd,
		annotated(configMap(t, "before"), apply.HookAnnotation, "pre-sync"),
		annotated(configMap(t, "after"), apply.HookAnnotation, "post-sync", apply.WaveAnnotation, "2"),
		annotated(configMap(t, "around"), apply.HookAnnotation, "pre-sync, post-sync"),
		annotated(configMap(t, "alarm"), apply.HookAnnotation, "sync-fail"),
	)
	h.deleteAfter(crd)
	h.deleteAfter(class)
	plan, err := applier.Plan(h.ctx(), set)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, step := range append(plan.Steps(), plan.FailSteps()...) {
		names := make([]string, 0, len(step.Refs))
		for _, ref := range step.Refs {
			names = append(names, ref.Name)
		}
		steps = append(steps, fmt.Sprint(step.Phase, " ", step.Wave, ": ", strings.Join(names, " ")))
		if step.Phase == apply.SyncFail {
			continue
		}
		if err := applier.ApplyStep(h.ctx(), plan, step).Err(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"pre-sync 0: around before", "sync -1: first",
		"sync 0: " + crd.GetName() + " gadget role binding " + class.GetName(), "sync 10: last",
		"post-sync 0: around", "post-sync 2: after", "sync-fail 0: alarm",
	}
	steps[2] = want[2] // its order is that of references; which objects are in it is told by what was written
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	want = []string{
		"PATCH around", "PATCH before", "PATCH first", "PATCH " + crd.GetName(), "PATCH role", "PATCH " + class.GetName(), "PATCH binding", "PATCH gadget",
		"PATCH last", "DELETE around", "PATCH around", "PATCH after",
	}
	if diff := cmp.Diff(want, slices.Compact(noted.list)); diff != "" { // gadgets may take a moment to be served
		t.Errorf("writes (-want +got):\n%s", diff)
	}

	noted.list = nil
	refs := plan.Refs()
	result := applier.Prune(h.ctx(), apply.PruneRequest{ID: h.id, Refs: refs, Owned: len(refs), Consent: true})
	if err := result.Err(); err != nil {
		t.Error(err)
	}
	deletions := strings.Join(noted.list, ", ")
	for _, pair := range [][2]string{{"last", "after"}, {"after", "gadget"}, {"gadget", "role"}, {"role", "first"}, {"first", crd.GetName()}} {
		if strings.Index(deletions, "DELETE "+pair[0]) > strings.Index(deletions, "DELETE "+pair[1]) {
			t.Errorf("%s is deleted after %s: %s", pair[0], pair[1], deletions)
		}
	}
}

func TestApplyRefusesAnnotationsThatItDoesNotKnow(t *testing.T) {
	h := newHarness(t)
	bad := [][2]string{
		{apply.WaveAnnotation, "first"}, {apply.HookAnnotation, "pre-syncs"}, {apply.HookAnnotation, ""}, {apply.HookDeleteAnnotation, "never"},
		{apply.ForceAnnotation, "true"}, {apply.ReconcileAnnotation, "off"}, {apply.PruneAnnotation, "disable"}, {apply.WaveAnnotation, "99999999999"},
	}
	objects := []*unstructured.Unstructured{configMap(t, "good")}
	for i, pair := range bad {
		objects = append(objects, annotated(configMap(t, fmt.Sprint("bad-", i)), pair[0], pair[1]))
	}
	plan := h.plan(objects...)
	steps := plan.Steps()
	if len(steps) != 1 {
		t.Fatalf("%d steps, want 1", len(steps))
	}
	result := h.applier.ApplyStep(h.ctx(), plan, steps[0])
	if result.Count(apply.Failed) != len(bad) || result.Count(apply.Created) != 1 {
		t.Errorf("actions: %v", actions(result))
	}
	for _, outcome := range result.Outcomes {
		var failure *apply.Error
		if errors.As(outcome.Err, &failure) && (failure.Reason != apply.ReasonInvalid || !strings.Contains(failure.Error(), "annotation towline.dev/")) {
			t.Errorf("%v", failure)
		}
	}
	if unwanted := plan.Unwanted(plan.Refs()); len(unwanted) != 0 {
		t.Errorf("to be pruned: %v", unwanted)
	}
}

func TestApplyOnceAndLeaveAlone(t *testing.T) {
	h := newHarness(t)
	once := annotated(data(t, "ours"), apply.ReconcileAnnotation, apply.Disabled)
	if got := h.apply(once).Outcomes[0].Action; got != apply.Created {
		t.Fatalf("action = %s, want created", got)
	}
	h.meddle(once, types.MergePatchType, `{"data":{"ours":"theirs"}}`, metav1.PatchOptions{})
	if got := h.apply(once).Outcomes[0]; got.Action != apply.Unchanged || got.Reason == "" {
		t.Errorf("applied again, it is %s (%q), want unchanged with the reason", got.Action, got.Reason)
	}
	if got, _, _ := unstructured.NestedString(h.get(once).Object, "data", "ours"); got != "theirs" {
		t.Errorf("data.ours = %q, want it left alone", got)
	}
	h.noDrift()
}

// stuck is a ConfigMap that a finalizer holds.
func stuck(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	object := configMap(t, name)
	object.SetFinalizers([]string{"example.com/hold"})
	return object
}

func TestPruneTellsWhatAFinalizerHolds(t *testing.T) {
	h := newHarness(t)
	all := []*unstructured.Unstructured{
		annotated(stuck(t, "held"), apply.WaveAnnotation, "1"), annotated(configMap(t, "beside"), apply.WaveAnnotation, "1"), configMap(t, "needed"),
	}
	h.apply(all...)
	refs := h.plan(all...).Refs()
	request := apply.PruneRequest{ID: h.id, Refs: refs, Owned: len(refs)}
	start := time.Now()
	result := h.applier.Prune(h.ctx(), request)
	want := map[string]apply.Action{"ConfigMap/held": apply.Pending, "ConfigMap/beside": apply.Deleted, "ConfigMap/needed": apply.Pending}
	if diff := cmp.Diff(want, actions(result)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if took := time.Since(start); took > patience/2 {
		t.Errorf("it took %s, want no long wait", took)
	}
	for _, outcome := range result.Outcomes {
		if outcome.Ref.Name == "held" && !strings.Contains(outcome.Reason, "example.com/hold") {
			t.Errorf("reason %q doesn't name the finalizer", outcome.Reason)
		}
	}
	if !h.exists(all[2]) {
		t.Error("what the held object may need is gone")
	}
	h.meddle(all[0], types.MergePatchType, `{"metadata":{"finalizers":null}}`, metav1.PatchOptions{})
	result = h.applier.Prune(h.ctx(), request)
	want = map[string]apply.Action{"ConfigMap/held": apply.Gone, "ConfigMap/beside": apply.Gone, "ConfigMap/needed": apply.Deleted}
	if diff := cmp.Diff(want, actions(result)); diff != "" {
		t.Errorf("once it is let go (-want +got):\n%s", diff)
	}
}

func TestPruneGoesOnWhereAPolicyDeniesADeletion(t *testing.T) {
	h := newHarness(t)
	name := testbed.UniqueName()
	policy := object(t, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: `+name+`}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [configmaps]}]
  matchConditions: [{name: marked, expression: "oldObject.metadata.namespace == '`+h.namespace+`' && 'keep' in oldObject.data"}]
  validations: [{expression: "false", message: "not this one"}]
`)
	binding := object(t, "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: "+name+"}, spec: {policyName: "+name+", validationActions: [Deny]}}")
	kept, other := data(t, "keep"), configMap(t, "other")
	h.applySet(apply.Set{ID: "applyset-policies-v1", Objects: []*unstructured.Unstructured{policy, binding}})
	h.deleteAfter(policy)
	h.deleteAfter(binding)
	h.apply(kept, other)
	h.awaitDenied(kept)

	refs := h.plan(kept, other).Refs()
	result := h.applier.Prune(h.ctx(), apply.PruneRequest{ID: h.id, Refs: refs, Owned: len(refs)})
	want := map[string]apply.Action{"ConfigMap/web": apply.Failed, "ConfigMap/other": apply.Deleted}
	if diff := cmp.Diff(want, actions(result)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if err := result.Err(); err == nil || !strings.Contains(err.Error(), "not this one") {
		t.Errorf("error = %v, want the policy's message", err)
	}
}

// awaitDenied waits until the API server knows the policy: it takes a moment after it is written.
func (h *harness) awaitDenied(object *unstructured.Unstructured) {
	h.Helper()
	for h.ctx().Err() == nil {
		err := h.resource(object).Delete(h.ctx(), object.GetName(), metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return
		}
	}
	h.Fatal("the policy denies nothing")
}
