package rest_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// TestAnAutoscalerKeepsItsReplicas has the cluster's own HorizontalPodAutoscaler scale what a Sync applies with another
// number. There is nothing here to measure load by, but it always scales up to its least number. Its field manager is
// called as the test's control plane is, which no list of names can know.
func TestAnAutoscalerKeepsItsReplicas(t *testing.T) {
	s := newScene(t)
	s.start()
	s.sync(map[string]string{"app/web.yaml": `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1,
  selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "example.test/app:1"}]}}}}
`}, "1s")
	scaler := &unstructured.Unstructured{}
	s.must(yaml.Unmarshal([]byte(`{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web},
  spec: {minReplicas: 4, maxReplicas: 6, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}`), &scaler.Object))
	scalers := schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
	_, err := s.dynamic.Resource(scalers).Namespace(s.namespace).Create(s.ctx(), scaler, metav1.CreateOptions{})
	s.must(err)
	web := s.dynamic.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace(s.namespace)
	replicas := func(o *unstructured.Unstructured) int64 {
		n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		return n
	}
	s.await(web, "web", "scaled", func(o *unstructured.Unstructured) bool { return replicas(o) == 4 })

	// Two heals of another field later, the replicas are still the autoscaler's.
	for range 2 {
		_, err = web.Patch(s.ctx(), "web", types.JSONPatchType,
			[]byte(`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"evil:1"}]`), metav1.PatchOptions{FieldManager: "meddler"})
		s.must(err)
		s.await(web, "web", "healed", func(o *unstructured.Unstructured) bool {
			containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
			container, ok := containers[0].(map[string]any)
			return ok && container["image"] == "example.test/app:1"
		})
		live, err := web.Get(s.ctx(), "web", metav1.GetOptions{})
		s.must(err)
		if got := replicas(live); got != 4 {
			t.Errorf("%d replicas after a heal, want the 4 of the autoscaler", got)
		}
	}
}
