package drift

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

const replicasPath = ".spec.replicas"

// isAutoscaler reports whether a field manager's writes through the scale subresource are a HorizontalPodAutoscaler's. No
// other controller of the controller manager makes any, and its field manager is what the program is called: in most
// clusters, in k3s, and in MicroK8s.
func isAutoscaler(manager string) bool {
	return manager == "kube-controller-manager" || manager == "k3s" || manager == "kubelite"
}

// autoscalerOf returns the field manager of the HorizontalPodAutoscaler that has the number of replicas now, where that and
// nothing else was lost; else an empty name. A person's kubectl scale goes the same way under another name, and is drift.
func autoscalerOf(live metav1.Object, lost *fieldpath.Set) string {
	replicas := fieldpath.NewSet(fieldpath.MakePathOrDie("spec", "replicas"))
	if !lost.Equals(replicas) {
		return ""
	}
	entries := live.GetManagedFields()
	for i := range entries {
		if isAutoscaler(entries[i].Manager) && entries[i].Subresource == "scale" && holds(&entries[i], replicas) {
			return entries[i].Manager
		}
	}
	return ""
}
