package drift

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

const (
	// autoscaler is the field manager of HorizontalPodAutoscalers' writes. Of the controller manager's controllers it is the
	// only one that writes through the scale subresource.
	autoscaler   = "kube-controller-manager"
	replicasPath = ".spec.replicas"
)

// takenByAutoscaler reports whether the lost fields are the number of replicas and nothing else, and a
// HorizontalPodAutoscaler has it now. A person's kubectl scale goes the same way under another name, and is drift.
func takenByAutoscaler(live metav1.Object, lost *fieldpath.Set) bool {
	replicas := fieldpath.NewSet(fieldpath.MakePathOrDie("spec", "replicas"))
	if !lost.Equals(replicas) {
		return false
	}
	entries := live.GetManagedFields()
	for i := range entries {
		if entries[i].Manager == autoscaler && entries[i].Subresource == "scale" && holds(&entries[i], replicas) {
			return true
		}
	}
	return false
}
