package inspect

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// listPage is how many objects one request asks for.
const listPage = 500

// owned reads what a Sync owns from its inventory, sorted.
func (c *Client) owned(ctx context.Context, sync *v1.Sync) ([]inventory.ObjectRef, error) {
	owner := metav1.OwnerReference{APIVersion: v1.GroupVersion().String(), Kind: v1.Kind, Name: sync.Name, UID: sync.UID}
	items, err := inventory.NewStore(c.core.ConfigMaps(sync.Namespace), owner).Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what Sync %s/%s owns: %w", sync.Namespace, sync.Name, err)
	}
	return inventory.Refs(items), nil
}

// live is the objects of a Sync as they stand, by reference without version.
type live struct {
	objects map[inventory.ObjectRef]*unstructured.Unstructured
	// unread are the places that couldn't be read, with the reason.
	unread map[place]error
}

// place is where objects of a kind stand; cluster-wide ones in no namespace.
type place struct {
	kind      schema.GroupKind
	namespace string
}

func placeOf(ref inventory.ObjectRef) place { return place{ref.GroupKind(), ref.Namespace} }

// look reads the objects of a Sync, one list for each kind and namespace: who may read one
// namespace often may not read all.
func (c *Client) look(ctx context.Context, sync *v1.Sync, refs []inventory.ObjectRef) (live, error) {
	found := live{objects: map[inventory.ObjectRef]*unstructured.Unstructured{}, unread: map[place]error{}}
	options := metav1.ListOptions{LabelSelector: apply.PartOfLabel + "=" + SetID(sync), Limit: listPage}
	asked := map[place]bool{}
	for _, ref := range refs {
		at := placeOf(ref)
		if asked[at] {
			continue
		}
		asked[at] = true
		err := c.list(ctx, at.kind, at.namespace, options, func(object *unstructured.Unstructured) {
			found.objects[inventory.RefOf(object).Identity()] = object
		})
		if err := ctx.Err(); err != nil {
			return found, err
		}
		if err != nil {
			found.unread[at] = err
		}
	}
	return found, nil
}

// list hands each object of a kind to do, page by page.
func (c *Client) list(ctx context.Context, kind schema.GroupKind, namespace string, options metav1.ListOptions, do func(*unstructured.Unstructured)) error {
	mapping, err := c.mapper.Mapping(ctx, kind, "")
	if err != nil {
		return err
	}
	resource := c.dynamic.Resource(mapping.Resource)
	for {
		var list *unstructured.UnstructuredList
		if namespace != "" && mapping.Scope.Name() != meta.RESTScopeNameRoot {
			list, err = resource.Namespace(namespace).List(ctx, options)
		} else {
			list, err = resource.List(ctx, options)
		}
		if err != nil {
			return err
		}
		for i := range list.Items {
			do(&list.Items[i])
		}
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

// why is a failed read in a few words: what a role lacks is told shortly.
func why(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return "you may not read this kind"
	case meta.IsNoMatchError(err):
		return "the cluster doesn't serve this kind"
	}
	return err.Error()
}
