package reconciler_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/drift"
)

// TestDriftLeavesReplicasToAnAutoscaler writes as a HorizontalPodAutoscaler does in a cluster whose controller manager goes
// by its own name.
func TestDriftLeavesReplicasToAnAutoscaler(t *testing.T) {
	h := newHarness(t)
	web := deployment(t, "web", "example.test/web:1")
	h.apply(web)
	h.meddle(web, types.MergePatchType, `{"spec":{"replicas":4}}`, metav1.PatchOptions{FieldManager: "kube-controller-manager"}, "scale")
	got := h.awaitDrift()
	got.Set, got.Ref = "", drift.Event{}.Ref
	want := drift.Event{Cause: drift.Autoscaled, Lost: []string{".spec.replicas"}, By: "kube-controller-manager"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	replicas, _, err := unstructured.NestedInt64(h.get(web).Object, "spec", "replicas")
	if err != nil || replicas != 4 {
		t.Errorf("%d replicas, error %v; want the 4 of the autoscaler", replicas, err)
	}
	last := configMap(t, "last")
	h.apply(last)
	if err := h.resource(last).Delete(h.ctx(), "last", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if event := h.awaitDrift(); event.Ref.Name != "last" {
		t.Errorf("%s, want the deletion alone: the replicas are told of once, and are no drift", event)
	}
}
