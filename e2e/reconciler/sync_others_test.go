package reconciler_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

const autoscaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 2
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
`

// TestSyncLeavesReplicasToItsAutoscaler holds that a number of replicas stays the one of
// the set's own autoscaler, over new commits and restarts.
func TestSyncLeavesReplicasToItsAutoscaler(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/web.yaml": web("example.com/web:1"), "app/scaler.yaml": autoscaler})
	s.patch(deploymentResource(), `{"spec":{"replicas":4}}`, "kube-controller-manager", "scale")
	for _, image := range []string{"example.com/web:2", "example.com/web:3"} {
		s.awaitReady("app", s.commit(map[string]string{"app/web.yaml": web(image)}))
		live, err := s.dynamic.Resource(deploymentResource()).Namespace(s.namespace).Get(s.ctx(), "web", metav1.GetOptions{})
		s.must(err)
		replicas, _, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
		if diff := cmp.Diff([]any{int64(4), image}, []any{replicas, imageOf(live)}); diff != "" {
			t.Errorf("replicas and image (-want +got):\n%s", diff)
		}
		for _, entry := range live.GetManagedFields() {
			if entry.Manager == "towline" && strings.Contains(string(entry.FieldsV1.GetRawBytes()), "f:replicas") {
				t.Error("the replicas are Towline's")
			}
		}
		s.stop()
		s.start()
	}
}

// imageOf gives the image of a Deployment's first container.
func imageOf(deployment *unstructured.Unstructured) string {
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	container, _ := containers[0].(map[string]any)
	image, _ := container["image"].(string)
	return image
}

// TestSyncHealsBesideItsAutoscaler holds that a heal right after the first apply leaves
// the number of replicas to the set's own autoscaler, which isn't healed with it.
func TestSyncHealsBesideItsAutoscaler(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/web.yaml": web("example.com/web:1"), "app/scaler.yaml": autoscaler})
	s.patch(deploymentResource(), `{"spec":{"replicas":4}}`, "kube-controller-manager", "scale")
	_, err := s.dynamic.Resource(deploymentResource()).Namespace(s.namespace).Patch(s.ctx(), "web", types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"example.com/web:evil"}]`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	s.must(err)
	healed := s.await(deploymentResource(), s.namespace, "web", "the image of Git", func(o *unstructured.Unstructured) bool { return o != nil && imageOf(o) == "example.com/web:1" })
	if replicas, _, _ := unstructured.NestedInt64(healed.Object, "spec", "replicas"); replicas != 4 {
		t.Errorf("healed, it has %d replicas, want the autoscaler's 4", replicas)
	}
}

// denial forbids to delete ConfigMaps named "kept" in a namespace.
const denial = `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: NAME}, spec: {
  failurePolicy: Fail,
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [configmaps]}]},
  validations: [{expression: "oldObject.metadata.name != 'kept'", message: "nobody deletes this"}]}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: NAME}, spec: {
  policyName: NAME, validationActions: [Deny],
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAME}}}}}
`

// forbidDeletes puts the denial into the cluster, and gives what takes it away.
func (s *syncs) forbidDeletes() (allow func()) {
	s.Helper()
	group := schema.GroupVersion{Group: "admissionregistration.k8s.io", Version: "v1"}
	resources := []schema.GroupVersionResource{group.WithResource("validatingadmissionpolicies"), group.WithResource("validatingadmissionpolicybindings")}
	for i, text := range strings.Split(strings.ReplaceAll(denial, "NAME", s.namespace), "---\n") {
		object := map[string]any{}
		s.must(yaml.Unmarshal([]byte(text), &object))
		_, err := s.dynamic.Resource(resources[i]).Create(s.ctx(), &unstructured.Unstructured{Object: object}, metav1.CreateOptions{})
		s.must(err)
		s.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context()), patience) // the test's own is over by then
			defer cancel()
			_ = s.dynamic.Resource(resources[i]).Delete(ctx, s.namespace, metav1.DeleteOptions{}) // one is gone already
		})
	}
	kept := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "kept"}}
	for ctx := s.ctx(); s.client.Delete(ctx, kept, client.DryRunAll) == nil; {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			s.Fatal("the policy has no effect")
		}
	}
	return func() { s.must(s.dynamic.Resource(resources[1]).Delete(s.ctx(), s.namespace, metav1.DeleteOptions{})) }
}

// TestSyncWhereDeletesAreForbidden holds that what an admission policy keeps from being
// deleted is named with the policy's words, holds no other up, and goes once it may.
func TestSyncWhereDeletesAreForbidden(t *testing.T) {
	s := newSyncs(t)
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/kept.yaml": manifest("kept", "1"), "app/free.yaml": manifest("free", "1")})
	allow := s.forbidDeletes()
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")}, "app/kept.yaml", "app/free.yaml")
	message := s.awaitReason("app", v1.ReasonPruneFailed)
	if !strings.Contains(message, "nobody deletes this") || !strings.Contains(message, "/kept") {
		t.Errorf("message %q, want the object and the policy's words", message)
	}
	s.awaitGone(configMapResource(), "free")
	s.awaitConfigMap("a", "2")
	if !s.there("kept") {
		t.Fatal("it was deleted")
	}
	allow()
	s.awaitReady("app", second)
	s.awaitGone(configMapResource(), "kept")
}

// TestSyncMovesBetweenWaves holds that an object may change its wave, become a hook and
// stop being one, and is none the worse for it.
func TestSyncMovesBetweenWaves(t *testing.T) {
	s := newSyncs(t)
	job := strings.ReplaceAll(strings.Replace(hook("run", "X", "X"), `  annotations: {towline.dev/hook: "X", towline.dev/hook-delete-policy: "X"}`+"\n", "", 1), "spec:\n  template", "spec:\n  suspend: true\n  template")
	first := s.commit(map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": inWave(manifest("b", "1"), 1), "app/run.yaml": job})
	s.newSync("app")
	s.awaitReady("app", first)
	was := s.uids()
	second := s.commit(map[string]string{"app/a.yaml": inWave(manifest("a", "2"), 1), "app/b.yaml": manifest("b", "2")})
	s.awaitReady("app", second)
	if diff := cmp.Diff(was, s.uids()); diff != "" {
		t.Errorf("UIDs after waves were changed (-want +got):\n%s", diff)
	}
	third := s.commit(map[string]string{"app/run.yaml": hook("run", "post-sync", "before-creation")})
	ran := s.finish("run", "Complete", was["run"])
	got := s.awaitReady("app", third)
	if diff := cmp.Diff([]v1.InventoryCount{{Kind: "ConfigMap", Count: 2}}, got.Status.Inventory); diff != "" {
		t.Errorf("inventory with a hook (-want +got):\n%s", diff)
	}
	got = s.awaitReady("app", s.commit(map[string]string{"app/run.yaml": job}))
	if diff := cmp.Diff([]v1.InventoryCount{{Kind: "ConfigMap", Count: 2}, {Kind: "batch/Job", Count: 1}}, got.Status.Inventory); diff != "" {
		t.Errorf("inventory without a hook (-want +got):\n%s", diff)
	}
	was["run"] = ran
	if diff := cmp.Diff(was, s.uids()); diff != "" {
		t.Errorf("UIDs at the end (-want +got):\n%s", diff)
	}
}

// uids gives those of the objects of TestSyncMovesBetweenWaves, by name.
func (s *syncs) uids() map[string]string {
	s.Helper()
	all := map[string]string{}
	for name, resource := range map[string]schema.GroupVersionResource{"a": configMapResource(), "b": configMapResource(), "run": jobResource()} {
		live, err := s.dynamic.Resource(resource).Namespace(s.namespace).Get(s.ctx(), name, metav1.GetOptions{})
		s.must(err)
		all[name] = string(live.GetUID())
	}
	return all
}

// TestSyncTakesReplicasBackFromAnAutoscalerThatIsGone holds that Git's number of replicas
// counts again once the set's autoscaler was taken out of Git, and a finalizer let it go.
func TestSyncTakesReplicasBackFromAnAutoscalerThatIsGone(t *testing.T) {
	for name, finalizers := range map[string]string{"at once": "", "later": "finalizers: [example.com/hold], "} {
		t.Run(name, func(t *testing.T) {
			s := newSyncs(t)
			s.awaitReadyAfter(map[string]string{"app/web.yaml": web("example.com/web:1"), "app/scaler.yaml": strings.Replace(autoscaler, "{name: web}", "{"+finalizers+"name: web}", 1)})
			s.patch(deploymentResource(), `{"spec":{"replicas":4}}`, "kube-controller-manager", "scale")
			s.awaitReady("app", s.commit(nil, "app/scaler.yaml"))
			if finalizers != "" {
				s.patch(autoscalerResource(), `{"metadata":{"finalizers":null}}`, "someone")
			}
			s.await(deploymentResource(), s.namespace, "web", "Git's 2 replicas", func(o *unstructured.Unstructured) bool {
				if o == nil {
					return false
				}
				replicas, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
				return replicas == 2
			})
		})
	}
}

func autoscalerResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
}

// patch changes the object "web" of a resource under somebody else's name.
func (s *syncs) patch(resource schema.GroupVersionResource, patch, manager string, subresources ...string) {
	s.Helper()
	_, err := s.dynamic.Resource(resource).Namespace(s.namespace).Patch(s.ctx(), "web", types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: manager}, subresources...)
	s.must(err)
}
