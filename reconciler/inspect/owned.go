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
	// unread are the kinds that couldn't be read, with the reason.
	unread map[schema.GroupKind]error
}

// look reads the objects of a Sync, one list a kind.
func (c *Client) look(ctx context.Context, sync *v1.Sync, refs []inventory.ObjectRef) (live, error) {
	found := live{objects: map[inventory.ObjectRef]*unstructured.Unstructured{}, unread: map[schema.GroupKind]error{}}
	options := metav1.ListOptions{LabelSelector: apply.PartOfLabel + "=" + SetID(sync), Limit: listPage}
	asked := map[schema.GroupKind]bool{}
	for _, ref := range refs {
		kind := ref.GroupKind()
		if asked[kind] {
			continue
		}
		asked[kind] = true
		err := c.list(ctx, kind, "", options, func(object *unstructured.Unstructured) {
			found.objects[inventory.RefOf(object).Identity()] = object
		})
		if err := ctx.Err(); err != nil {
			return found, err
		}
		if err != nil {
			found.unread[kind] = err
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
