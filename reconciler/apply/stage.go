package apply

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// The stages of a wave.
const (
	firstStage = iota // what others can't be created without
	classStage        // what others name, and are refused or held up without
	lastStage
)

func definitionKind() schema.GroupKind { return schema.GroupKind{Group: crdGroup, Kind: crdKind} }

// stageOf returns the stage in which objects of a kind are applied.
func stageOf(kind schema.GroupKind) int {
	switch kind {
	case schema.GroupKind{Kind: "Namespace"}, definitionKind():
		return firstStage
	}
	named := []schema.GroupKind{
		{Group: "storage.k8s.io", Kind: "StorageClass"}, {Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshotClass"},
		{Group: "scheduling.k8s.io", Kind: "PriorityClass"}, {Group: "node.k8s.io", Kind: "RuntimeClass"},
		{Group: "networking.k8s.io", Kind: "IngressClass"}, {Group: "gateway.networking.k8s.io", Kind: "GatewayClass"},
		// A binding to a role that isn't there is refused to whoever doesn't have the role's rights, and a Pod
		// beyond its quota or limits to everybody.
		{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}, {Group: "rbac.authorization.k8s.io", Kind: "Role"},
		{Kind: "LimitRange"}, {Kind: "ResourceQuota"},
	}
	if slices.Contains(named, kind) {
		return classStage
	}
	return lastStage
}

// goesFirst reports whether other objects can't be created before this one.
func goesFirst(ref inventory.ObjectRef) bool { return stageOf(ref.GroupKind()) == firstStage }
