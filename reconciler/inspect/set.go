package inspect

import (
	"cmp"
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// setOf is what the Sync wants to stand in the cluster, as the reconciler has it.
func (c *Client) setOf(ctx context.Context, sync *v1.Sync, objects []*unstructured.Unstructured) (apply.Set, error) {
	set := apply.Set{
		ID: SetID(sync), Namespace: cmp.Or(sync.Spec.TargetNamespace, sync.Namespace), Objects: objects, Force: sync.Spec.Force,
	}
	for _, r := range sync.Spec.Ignore {
		set.Ignore = append(set.Ignore, apply.IgnoreRule{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name, Fields: r.Fields})
	}
	scaled, err := c.scaled(ctx, objects, set.Namespace)
	set.Managed = func(ref inventory.ObjectRef) []string {
		if scaled[ref.Identity()] {
			return []string{"spec.replicas"}
		}
		return nil
	}
	return set, err
}

// scaled gives the targets of the autoscalers in the namespaces of those objects that say
// how many replicas they want. Who may not look at autoscalers sees the number in the diff.
func (c *Client) scaled(ctx context.Context, objects []*unstructured.Unstructured, namespace string) (map[inventory.ObjectRef]bool, error) {
	all, asked := map[inventory.ObjectRef]bool{}, map[string]bool{}
	for _, object := range objects {
		where := cmp.Or(object.GetNamespace(), namespace)
		if _, counted, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "replicas"); !counted || asked[where] {
			continue
		}
		asked[where] = true
		err := c.list(ctx, schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}, where, metav1.ListOptions{Limit: listPage},
			func(scaler *unstructured.Unstructured) {
				target, _, _ := unstructured.NestedStringMap(scaler.Object, "spec", "scaleTargetRef")
				if version, err := schema.ParseGroupVersion(target["apiVersion"]); err == nil { // else the autoscaler can't find it either
					all[inventory.ObjectRef{Group: version.Group, Kind: target["kind"], Namespace: where, Name: target["name"]}] = true
				}
			})
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, fmt.Errorf("listing autoscalers in namespace %q: %w", where, err)
		}
	}
	return all, nil
}
