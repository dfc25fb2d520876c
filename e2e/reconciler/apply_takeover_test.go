package reconciler_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/apply"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// kubectl runs kubectl in the test's namespace, with a manifest at its standard input.
func (h *harness) kubectl(manifest *unstructured.Unstructured, args ...string) {
	h.Helper()
	args = append([]string{"--kubeconfig", h.cluster.Kubeconfig, "--namespace", h.namespace}, args...)
	cmd := exec.CommandContext(h.ctx(), testbed.Kubectl(h), args...)
	if manifest != nil {
		cmd.Stdin = strings.NewReader(toJSON(h.T, manifest.Object))
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		h.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, &output)
	}
}

// data returns a ConfigMap with these keys, each of value "1".
func data(t *testing.T, keys ...string) *unstructured.Unstructured {
	t.Helper()
	content := map[string]any{}
	for _, key := range keys {
		content[key] = "1"
	}
	object := configMap(t, "web")
	object.Object["data"] = content
	return object
}

func keys(object *unstructured.Unstructured) []string {
	content, _, _ := unstructured.NestedMap(object.Object, "data")
	var names []string
	for name := range content {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func managers(object *unstructured.Unstructured) []string {
	var names []string
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource != "status" {
			names = append(names, entry.Manager)
		}
	}
	slices.Sort(names)
	return names
}

// Whoever applied an object before, what they and Git both say becomes ours alone; what goes out of Git then goes from
// the cluster. What only a predecessor said goes at once, what only a hand did stays.
func TestApplyTakesFieldsOver(t *testing.T) {
	as := func(manager string) func(*harness, *unstructured.Unstructured) {
		return func(h *harness, object *unstructured.Unstructured) {
			if _, err := h.resource(object).Apply(h.ctx(), object.GetName(), object, metav1.ApplyOptions{FieldManager: manager}); err != nil {
				h.Fatal(err)
			}
		}
	}
	by := func(manager string) func(*harness, *unstructured.Unstructured) {
		return func(h *harness, object *unstructured.Unstructured) {
			if _, err := h.resource(object).Create(h.ctx(), object, metav1.CreateOptions{FieldManager: manager}); err != nil {
				h.Fatal(err)
			}
		}
	}
	kubectl := func(args ...string) func(*harness, *unstructured.Unstructured) {
		return func(h *harness, object *unstructured.Unstructured) { h.kubectl(object, args...) }
	}
	tests := []struct {
		name   string
		before func(*harness, *unstructured.Unstructured)
		stays  bool // what only they said
		others []string
	}{
		{"kubectl apply", kubectl("apply", "-f", "-"), false, nil},
		{"kubectl apply --server-side", kubectl("apply", "--server-side", "-f", "-"), false, nil},
		{"kubectl create", kubectl("create", "-f", "-"), true, []string{"kubectl-create"}},
		{"kubectl create --save-config", kubectl("create", "--save-config", "-f", "-"), true, []string{"kubectl-create"}},
		{"helm", by("helm"), false, nil},
		{"Flux", as("kustomize-controller"), false, nil},
		{"Argo CD", as("argocd-controller"), false, nil},
		{"somebody else", as("somebody"), true, []string{"somebody"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			test.before(h, data(t, "kept", "dropped", "theirs"))
			h.apply(data(t, "kept", "dropped", "ours"))
			live := h.get(data(t))
			want := []string{"dropped", "kept", "ours"}
			if test.stays {
				want = append(want, "theirs")
			}
			if diff := cmp.Diff(want, keys(live)); diff != "" {
				t.Errorf("keys once Git rules (-want +got):\n%s", diff)
			}
			wantManagers := append(slices.Clone(test.others), apply.FieldManager)
			if diff := cmp.Diff(wantManagers, managers(live)); diff != "" {
				t.Errorf("managers (-want +got):\n%s", diff)
			}
			if live.GetAnnotations()[lastApplied] != "" {
				t.Error("kubectl's own copy of the manifest is still there")
			}
			if test.name == "somebody else" {
				return // what they keep saying stays
			}

			h.requests.reset()
			h.apply(data(t, "kept", "ours"))
			if got := h.requests.of("PATCH") + h.requests.of("GET"); got != 1 {
				t.Errorf("the second apply took %d requests, want 1", got)
			}
			want = slices.DeleteFunc(want, func(key string) bool { return key == "dropped" })
			if diff := cmp.Diff(want, keys(h.get(data(t)))); diff != "" {
				t.Errorf("keys once one is dropped from Git (-want +got):\n%s", diff)
			}
			select {
			case event := <-h.drifted:
				t.Errorf("the take-over looked like drift: %s", event)
			default:
			}
		})
	}
}

// A ConfigMap shows what becomes of fields; a Deployment has defaults, a status and controllers that write, too.
func TestApplyTakesADeploymentOver(t *testing.T) {
	h := newHarness(t)
	web := deployment(t, "web", "example.test/web:1")
	h.kubectl(web, "apply", "-f", "-")
	h.kubectl(nil, "rollout", "restart", "deployment/web")
	before := h.get(web)
	restarted := func(object *unstructured.Unstructured) string {
		at, _, _ := unstructured.NestedString(object.Object, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
		return at
	}
	if restarted(before) == "" {
		t.Fatal("kubectl rollout restart left no annotation")
	}
	h.apply(web)
	after := h.get(web)
	if diff := cmp.Diff(before.Object["spec"], after.Object["spec"]); diff != "" {
		t.Errorf("taking over the same manifest changed it (-before +after):\n%s", diff)
	}
	if restarted(after) != restarted(before) {
		t.Error("the restart was undone, which is a rollout")
	}
	without := deployment(t, "web", "example.test/web:1")
	unstructured.RemoveNestedField(without.Object, "spec", "replicas")
	h.apply(without)
	if replicas, _, _ := unstructured.NestedInt64(h.get(web).Object, "spec", "replicas"); replicas != 1 {
		t.Errorf("replicas = %d once they are out of Git, want the API server's default, 1", replicas)
	}
}

func TestApplyNamesWhomItTakesFieldsFrom(t *testing.T) {
	h := newHarness(t)
	web := data(t, "mine", "theirs")
	h.apply(web)
	h.meddle(web, types.MergePatchType, `{"data":{"theirs":"2","beside":"2"}}`, metav1.PatchOptions{FieldManager: "meddler"})
	h.awaitDrift()
	plan := h.plan(web)
	result := h.applier.ApplyStep(h.ctx(), plan, plan.Steps()[0])
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	want := []apply.Conflict{{Manager: "meddler", Fields: []string{".data.theirs"}}}
	if diff := cmp.Diff(want, result.Outcomes[0].Conflicts); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}
	content, _, _ := unstructured.NestedStringMap(h.get(web).Object, "data")
	if diff := cmp.Diff(map[string]string{"mine": "1", "theirs": "1", "beside": "2"}, content); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}
