package inspect

import (
	"context"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/health"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Node is an object with what belongs to it.
type Node struct {
	Object
	Children []*Node `json:"children,omitempty"`
}

// maxNesting bounds how deep owners are followed.
const maxNesting = 8

// Tree gives the Sync, below it the objects of its inventory, and below these what their
// controllers made of them: ReplicaSets, Jobs, Pods and the like, by their owner
// references. A ReplicaSet that is scaled to nothing, an old revision, is left out. A Sync
// that is owned is followed. The notes tell of what the person may not read.
func (c *Client) Tree(ctx context.Context, sync *v1.Sync) (root *Node, notes []string, err error) {
	w := &walk{Client: c, syncs: map[types.UID]bool{}, notes: map[string]bool{}}
	root, err = w.tree(ctx, sync, 0)
	return root, slices.Sorted(maps.Keys(w.notes)), err
}

// walk is one look at a tree.
type walk struct {
	*Client
	syncs map[types.UID]bool // those that were followed
	notes map[string]bool
}

func (w *walk) tree(ctx context.Context, sync *v1.Sync, depth int) (*Node, error) {
	w.syncs[sync.UID] = true
	root := &Node{Object: syncObject(sync)}
	refs, err := w.owned(ctx, sync)
	if err != nil {
		return nil, err
	}
	objects, err := w.look(ctx, sync, refs)
	if err != nil {
		return nil, err
	}
	rules, err := rulesOf(sync)
	if err != nil {
		return nil, err
	}
	children, err := w.children(ctx, refs, rules)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		object := objects.objects[ref.Identity()]
		switch err := objects.unread[placeOf(ref)]; {
		case err != nil:
			root.Children = append(root.Children, &Node{Object: missing(ref, health.Unknown, why(err))})
			continue
		case object == nil:
			root.Children = append(root.Children, &Node{Object: missing(ref, health.NotFound, "")})
			continue
		}
		node := children.node(object, 0)
		if ref.Group == v1.Group && ref.Kind == v1.Kind && !w.syncs[object.GetUID()] && depth < maxNesting {
			if node, err = w.nested(ctx, object, depth); err != nil {
				return nil, err
			}
		}
		root.Children = append(root.Children, node)
	}
	return root, nil
}

func (w *walk) nested(ctx context.Context, object *unstructured.Unstructured, depth int) (*Node, error) {
	sync, err := w.Get(ctx, object.GetNamespace(), object.GetName())
	if err != nil {
		return nil, err
	}
	return w.tree(ctx, sync, depth+1)
}

// syncObject is a Sync as a node. Its health is what its conditions say.
func syncObject(sync *v1.Sync) Object {
	s, created := Summarise(sync), sync.CreationTimestamp.UTC()
	o := Object{
		Group: v1.Group, Version: v1.Version, Kind: v1.Kind, Namespace: s.Namespace, Name: s.Name,
		Status: string(health.InProgress), Reason: s.Reason, Message: s.Message, Created: &created,
	}
	switch {
	case s.Ready == string(metav1.ConditionTrue):
		o.Status = string(health.Current)
	case s.Ready == string(metav1.ConditionFalse):
		o.Status = string(health.Failed)
	}
	return o
}

// made are the kinds that controllers make of others.
func made() []schema.GroupKind {
	return []schema.GroupKind{
		{Group: "apps", Kind: "Deployment"}, {Group: "apps", Kind: "StatefulSet"}, {Group: "apps", Kind: "DaemonSet"},
		{Group: "apps", Kind: "ReplicaSet"}, {Group: "batch", Kind: "Job"}, {Group: "batch", Kind: "CronJob"},
		{Kind: "Pod"}, {Kind: "Service"}, {Kind: "PersistentVolumeClaim"},
	}
}

// inert tells kinds of which no controller makes anything, so that their namespaces needn't be looked through.
func inert(ref inventory.ObjectRef) bool {
	switch ref.Group {
	case "":
		return slices.Contains([]string{"ConfigMap", "Secret", "ServiceAccount", "Service", "Namespace", "LimitRange", "ResourceQuota"}, ref.Kind)
	case "rbac.authorization.k8s.io", "networking.k8s.io", "policy":
		return true
	}
	return ref.Namespace == ""
}

// family finds objects by the UID of their owner, and judges them by the Sync's rules.
type family struct {
	of    map[types.UID][]*unstructured.Unstructured
	rules *health.Rules
}

// children reads what controllers may have made in the namespaces of these objects. A
// kind that can't be read is left out, with a note: the owner's own health is still known.
func (w *walk) children(ctx context.Context, refs []inventory.ObjectRef, rules *health.Rules) (family, error) {
	namespaces := map[string]bool{}
	for _, ref := range refs {
		if !inert(ref) {
			namespaces[ref.Namespace] = true
		}
	}
	all := family{map[types.UID][]*unstructured.Unstructured{}, rules}
	for namespace := range namespaces {
		for _, kind := range made() {
			err := w.list(ctx, kind, namespace, metav1.ListOptions{Limit: listPage}, func(object *unstructured.Unstructured) {
				for _, owner := range object.GetOwnerReferences() {
					all.of[owner.UID] = append(all.of[owner.UID], object)
				}
			})
			if err := ctx.Err(); err != nil {
				return all, err
			}
			if err != nil {
				w.notes[fmt.Sprintf("%s in namespace %s isn't shown: %s", kind, namespace, why(err))] = true
			}
		}
	}
	return all, nil
}

// node gives an object with its descendants, down to a depth: anybody can write owner
// references that go in a circle.
func (f family) node(object *unstructured.Unstructured, depth int) *Node {
	n := &Node{Object: found(object, f.rules)}
	if depth == maxNesting {
		return n
	}
	for _, child := range f.of[object.GetUID()] {
		below := f.node(child, depth+1)
		if replicas, ok, _ := unstructured.NestedInt64(child.Object, "spec", "replicas"); ok && replicas == 0 && child.GetKind() == "ReplicaSet" && len(below.Children) == 0 {
			continue
		}
		n.Children = append(n.Children, below)
	}
	slices.SortFunc(n.Children, func(a, b *Node) int { return inventory.Compare(a.Ref(), b.Ref()) })
	return n
}
