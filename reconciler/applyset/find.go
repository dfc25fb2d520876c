package applyset

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// page is how many objects are asked for at a time.
const page = 500

// Finder finds the objects of a set in one cluster.
type Finder struct {
	discovery discovery.DiscoveryInterface
	client    metadata.Interface
}

// NewFinder returns a Finder with the identity of config, which must be allowed to list what it searches in all namespaces.
// The client may be nil, for one made from config.
func NewFinder(config *rest.Config, client *http.Client) (*Finder, error) {
	if config == nil {
		return nil, errors.New("making a finder: no configuration of a cluster is given")
	}
	config = rest.CopyConfig(config)
	config.QPS, config.RateLimiter = -1, nil
	var err error
	if client == nil {
		if client, err = rest.HTTPClientFor(config); err != nil {
			return nil, fmt.Errorf("making a finder: %w", err)
		}
	}
	f := &Finder{}
	if f.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(config, client); err != nil {
		return nil, fmt.Errorf("making a finder: %w", err)
	}
	if f.client, err = metadata.NewForConfigAndClient(metadata.ConfigFor(config), client); err != nil {
		return nil, fmt.Errorf("making a finder: %w", err)
	}
	return f, nil
}

// Find returns every object of the kinds, in any namespace, that has the set's label and fields that were applied as ours,
// sorted. The second keeps out what others copied the label to: an EndpointSlice has those of its Service, and a person's
// copy of a manifest those of the original. A kind that the cluster certainly doesn't serve has no objects; one that can't
// be listed is an error, and so is a parent that names no kinds.
func (f *Finder) Find(ctx context.Context, set string, kinds []schema.GroupKind) ([]inventory.ObjectRef, error) {
	if len(kinds) == 0 {
		return nil, fmt.Errorf("finding objects of set %s: its parent has no annotation %s", set, KindsAnnotation)
	}
	groups, err := f.discovery.ServerGroups()
	if err != nil {
		return nil, fmt.Errorf("finding objects of set %s: asking for API groups: %w", set, err)
	}
	var found []inventory.ObjectRef
	for _, kind := range kinds {
		resource, served, err := f.resource(ctx, groups, kind)
		if err == nil && served {
			found, err = f.list(ctx, set, resource, kind, found)
		}
		if err != nil {
			return nil, fmt.Errorf("finding objects of kind %s of set %s: %w", kind, set, err)
		}
	}
	return inventory.Union(nil, found), nil
}

// resource finds the resource of a kind, in the version that the server prefers where that has it.
func (f *Finder) resource(ctx context.Context, groups *metav1.APIGroupList, kind schema.GroupKind) (found schema.GroupVersionResource, served bool, err error) {
	at := slices.IndexFunc(groups.Groups, func(group metav1.APIGroup) bool { return group.Name == kind.Group })
	if at < 0 {
		// Discovery leaves out what another API server serves while that is away; the group itself is registered with ours.
		err := f.discovery.RESTClient().Get().AbsPath("/apis", kind.Group).Do(ctx).Error()
		if apierrors.IsNotFound(err) {
			return found, false, nil
		}
		return found, false, errors.Join(errors.New("its group isn't served at the moment"), err)
	}
	group := groups.Groups[at]
	for _, version := range append([]metav1.GroupVersionForDiscovery{group.PreferredVersion}, group.Versions...) {
		resources, err := f.discovery.ServerResourcesForGroupVersion(version.GroupVersion)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return found, false, fmt.Errorf("asking for the resources of %s: %w", version.GroupVersion, err)
		}
		for _, resource := range resources.APIResources {
			if resource.Kind == kind.Kind && !strings.Contains(resource.Name, "/") { // a slash: a subresource
				return schema.GroupVersionResource{Group: kind.Group, Version: version.Version, Resource: resource.Name}, true, nil
			}
		}
	}
	return found, false, nil
}

func (f *Finder) list(
	ctx context.Context, set string, resource schema.GroupVersionResource, kind schema.GroupKind, found []inventory.ObjectRef,
) ([]inventory.ObjectRef, error) {
	options := metav1.ListOptions{LabelSelector: apply.PartOfLabel + "=" + set, Limit: page}
	for {
		list, err := f.client.Resource(resource).List(ctx, options)
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if object := &list.Items[i]; applied(object) {
				found = append(found, inventory.ObjectRef{
					Group: kind.Group, Version: resource.Version, Kind: kind.Kind, Namespace: object.Namespace, Name: object.Name,
				})
			}
		}
		if list.Continue == "" {
			return found, nil
		}
		options.Continue = list.Continue
	}
}

// applied reports whether fields of an object were applied as ours.
func applied(object *metav1.PartialObjectMetadata) bool {
	return slices.ContainsFunc(object.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == apply.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply
	})
}
