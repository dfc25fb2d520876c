package reconciler_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// applySet applies a set of which nothing may fail, and waits until the watches have caught up.
func (h *harness) applySet(set apply.Set) apply.Result {
	h.Helper()
	plan, err := h.applier.Plan(h.ctx(), set)
	if err != nil {
		h.Fatal(err)
	}
	result := h.applier.Apply(h.ctx(), plan)
	if err := result.Err(); err != nil {
		h.Fatal(err)
	}
	if err := h.watcher.AwaitSync(h.ctx()); err != nil {
		h.Fatal(err)
	}
	return result
}

func (h *harness) noDrift() {
	h.Helper()
	select {
	case event := <-h.drifted:
		h.Errorf("drift: %s", event)
	default:
	}
}

func TestApplyLeavesIgnoredFieldsToOthers(t *testing.T) {
	const image, replicas = "spec.template.spec.containers[name=app].image", "spec.replicas"
	h := newHarness(t)
	web := deployment(t, "web", "example.test/web:1")
	state := func() string {
		live := h.get(web)
		n, _, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
		containers, _, _ := unstructured.NestedSlice(live.Object, "spec", "template", "spec", "containers")
		container, _ := containers[0].(map[string]any)
		return toJSON(t, []any{n, container["image"]})
	}
	set := h.set(web)
	set.Ignore = []apply.IgnoreRule{{Group: "apps", Kind: "Deployment", Fields: []string{replicas, image}}}

	h.applySet(set) // created as Git has it
	if got, want := state(), "- 2\n- example.test/web:1\n"; got != want {
		t.Fatalf("created as %s, want %s", got, want)
	}
	h.meddle(web, types.StrategicMergePatchType, `{"spec":{"replicas":5,"template":{"spec":{"containers":[{"name":"app","image":"example.test/web:9"}]}}}}`, metav1.PatchOptions{})
	web = deployment(t, "web", "example.test/web:2")
	web.SetLabels(map[string]string{"changed": "yes"})
	set.Objects = []*unstructured.Unstructured{web}
	h.applySet(set)
	if got, want := state(), "- 5\n- example.test/web:9\n"; got != want {
		t.Errorf("after an apply of other fields: %s, want %s", got, want)
	}
	if h.get(web).GetLabels()["changed"] != "yes" {
		t.Error("the rest wasn't applied")
	}
	h.noDrift()

	// No rule any more: Git rules.
	set.Ignore = nil
	h.applySet(set)
	if got, want := state(), "- 2\n- example.test/web:2\n"; got != want {
		t.Errorf("without the rules: %s, want %s", got, want)
	}
	// And again one, for fields that are ours by now, one of them in Git no longer: both stay as they are.
	unstructured.RemoveNestedField(web.Object, "spec", "replicas")
	set.Ignore = []apply.IgnoreRule{{Kind: "Deployment", Fields: []string{"/spec/replicas", "/spec/template/spec/containers/0/image"}}}
	h.applySet(set)
	if got, want := state(), "- 2\n- example.test/web:2\n"; got != want {
		t.Errorf("under new rules: %s, want %s", got, want)
	}
	h.requests.reset()
	h.applySet(set)
	if got := h.requests.of("PATCH") + h.requests.of("GET"); got != 0 {
		t.Errorf("an unchanged set under rules took %d requests, want none", got)
	}
	h.noDrift()
}

func TestApplyLeavesReplicasToAutoscalers(t *testing.T) {
	const scaler = `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}}`
	for _, live := range []bool{false, true} {
		name := map[bool]string{false: "in the set", true: "in the cluster"}[live]
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			web, hpa := deployment(t, "web", "example.test/web:1"), object(t, scaler)
			h.apply(web) // replicas are ours at first
			h.meddle(web, types.MergePatchType, `{"spec":{"replicas":4}}`, metav1.PatchOptions{FieldManager: "scaler"}, "scale")
			if got := h.awaitDrift().Lost; !cmp.Equal(got, []string{".spec.replicas"}) {
				t.Fatalf("lost %v", got)
			}
			set := h.set(web, hpa)
			if live {
				set = h.set(web)
				set.Managed = func(ref inventory.ObjectRef) []string {
					if ref.Kind == "Deployment" && ref.Name == "web" {
						return []string{"spec.replicas"}
					}
					return nil
				}
			}
			h.applySet(set)
			if got, _, _ := unstructured.NestedInt64(h.get(web).Object, "spec", "replicas"); got != 4 {
				t.Errorf("replicas = %d, want the autoscaler's 4", got)
			}
			h.noDrift()
		})
	}
}

func TestApplyRefusesPathsThatItCannotRead(t *testing.T) {
	h := newHarness(t)
	for _, field := range []string{"", "spec[", "spec..replicas", "metadata.name", "kind", "spec.list[name]", `metadata.annotations["a`, "[*]", "/metadata/namespace", "spec replicas"} {
		set := h.set(configMap(t, "web"))
		set.Ignore = []apply.IgnoreRule{{Fields: []string{field}}}
		h.requests.reset()
		if _, err := h.applier.Plan(h.ctx(), set); err == nil {
			t.Errorf("path %q was read", field)
		}
		if got := h.requests.of("PATCH"); got != 0 {
			t.Errorf("%d writes", got)
		}
	}
}

// To send the rest of a list that the API server knows as a whole would take the part away from its owner.
func TestApplyRefusesToLeavePartsOfAWholeToOthers(t *testing.T) {
	h := newHarness(t)
	role := func(verb string) *unstructured.Unstructured {
		return object(t, "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: web}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}, {apiGroups: [''], resources: [secrets], verbs: ["+verb+"]}]}")
	}
	set := h.set(role("get"))
	set.Ignore = []apply.IgnoreRule{{Kind: "Role", Fields: []string{"rules[1].verbs"}}}
	for _, state := range []string{"new", "there", "changed"} {
		if state == "changed" {
			set.Objects[0] = role("list")
		}
		plan, err := h.applier.Plan(h.ctx(), set)
		if err != nil {
			t.Fatal(err)
		}
		var failure *apply.Error
		if err := h.applier.Apply(h.ctx(), plan).Err(); !errors.As(err, &failure) || failure.Reason != apply.ReasonInvalid {
			t.Errorf("%s: error = %v, want %s", state, err, apply.ReasonInvalid)
		}
		rules, _, _ := unstructured.NestedSlice(h.get(role("")).Object, "rules")
		second, _ := rules[1].(map[string]any)
		if diff := cmp.Diff([]any{"get"}, second["verbs"]); diff != "" {
			t.Errorf("%s: verbs (-want +got):\n%s", state, diff)
		}
	}
	set.Ignore = []apply.IgnoreRule{{Kind: "Role", Fields: []string{"rules"}}}
	h.applySet(set)
}
