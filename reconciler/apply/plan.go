package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Plan is a set whose every object was given its place in the API.
type Plan struct {
	id     string
	items  []item
	failed []Outcome
	// claimed are the places that objects without a known kind may have: they are wanted, so they must not be pruned.
	claimed []inventory.ObjectRef
}

// item is one object on its way to the API server.
type item struct {
	ref      inventory.ObjectRef
	object   map[string]any // as it is sent
	resource schema.GroupVersionResource
	ownKind  bool // its definition is in the same set
}

// Refs returns the objects that Apply may create, sorted. They must be in the inventory before Apply is called.
func (p *Plan) Refs() []inventory.ObjectRef {
	refs := make([]inventory.ObjectRef, 0, len(p.items))
	for _, it := range p.items {
		refs = append(refs, it.ref)
	}
	return inventory.Union(nil, refs)
}

// Unwanted returns those of the previously owned objects that the plan no longer holds, sorted: what to prune. An object
// that is wanted but whose kind can't be found at the moment isn't among them.
func (p *Plan) Unwanted(previous []inventory.ObjectRef) []inventory.ObjectRef {
	return inventory.Subtract(previous, append(p.Refs(), p.claimed...))
}

// Plan finds for each object of the set the resource and the namespace it goes to, with the help of the set's own custom
// resource definitions. An object whose kind isn't served isn't in Refs, isn't applied, and comes out of Apply as
// failed; so does one without a name, and each of two that are the same. The error is for a set that can't be planned
// at all: it has no ID, or discovery doesn't answer.
func (a *Applier) Plan(ctx context.Context, set Set) (*Plan, error) {
	if set.ID == "" {
		return nil, errors.New("planning a set: it has no ID")
	}
	plan := &Plan{id: set.ID}
	own := ownKinds(set.Objects)
	for _, object := range set.Objects {
		ref := inventory.RefOf(object)
		mapping, err := a.place(ctx, own, object)
		var bad *malformed
		switch {
		case err == nil:
			plan.add(set, object, mapping, own[object.GroupVersionKind()] != nil)
		case errors.As(err, &bad), meta.IsNoMatchError(err):
			plan.claim(set, ref)
			plan.failed = append(plan.failed, failed("planning", ref, err))
		default:
			return nil, fmt.Errorf("planning %s: %w", ref, err)
		}
	}
	plan.refuseDoubles()
	slices.SortFunc(plan.items, func(x, y item) int { return inventory.Compare(x.ref, y.ref) })
	return plan, nil
}

// malformed says what keeps an object from being addressed at all.
type malformed struct{ problem string }

func (m *malformed) Error() string { return m.problem }

func (a *Applier) place(ctx context.Context, own map[schema.GroupVersionKind]*meta.RESTMapping, object *unstructured.Unstructured) (*meta.RESTMapping, error) {
	kind := object.GroupVersionKind()
	switch {
	case kind.Kind == "" || kind.Version == "":
		return nil, &malformed{"it has no apiVersion or no kind"}
	case object.GetName() == "":
		return nil, &malformed{"it has no name"}
	case len(rest.IsValidPathSegmentName(object.GetName())) > 0:
		return nil, &malformed{fmt.Sprintf("name %q: %s", object.GetName(), strings.Join(rest.IsValidPathSegmentName(object.GetName()), ", "))}
	case own[kind] != nil:
		return own[kind], nil
	}
	return a.mapper.Mapping(ctx, kind.GroupKind(), kind.Version)
}

func (p *Plan) add(set Set, object *unstructured.Unstructured, mapping *meta.RESTMapping, ownKind bool) {
	ref := inventory.RefOf(object)
	switch {
	case mapping.Scope.Name() == meta.RESTScopeNameRoot:
		ref.Namespace = "" // kustomize writes one into custom resources whose scope it can't know
	case ref.Namespace == "":
		ref.Namespace = set.Namespace
	}
	p.items = append(p.items, item{ref: ref, object: prepare(object, ref.Namespace, set.ID), resource: mapping.Resource, ownKind: ownKind})
}

// claim keeps every place that the object may have from being pruned.
func (p *Plan) claim(set Set, ref inventory.ObjectRef) {
	for _, namespace := range []string{ref.Namespace, set.Namespace, ""} {
		ref.Namespace = namespace
		p.claimed = append(p.claimed, ref)
	}
}

// refuseDoubles takes out objects that are in the set twice: none of them is right for certain.
func (p *Plan) refuseDoubles() {
	count := make(map[inventory.ObjectRef]int, len(p.items))
	for _, it := range p.items {
		count[it.ref.Identity()]++
	}
	p.items = slices.DeleteFunc(p.items, func(it item) bool {
		n := count[it.ref.Identity()]
		if n < 2 {
			return false
		}
		p.claimed = append(p.claimed, it.ref)
		p.failed = append(p.failed, failed("planning", it.ref, &malformed{fmt.Sprintf("the set holds it %d times", n)}))
		return true
	})
	slices.SortFunc(p.failed, func(x, y Outcome) int { return inventory.Compare(x.Ref, y.Ref) })
	p.failed = slices.CompactFunc(p.failed, func(x, y Outcome) bool { return x.Ref == y.Ref })
}

// prepare returns the object as it is sent: with its namespace and the set's label, and without what only the API server
// writes, which manifests taken from a cluster often carry. The original is left as it is; what needn't change is shared.
func prepare(object *unstructured.Unstructured, namespace, id string) map[string]any {
	sent := maps.Clone(object.Object)
	metadata, _ := sent["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"} {
		delete(metadata, field)
	}
	if namespace == "" {
		delete(metadata, "namespace")
	} else {
		metadata["namespace"] = namespace
	}
	labels, _ := metadata["labels"].(map[string]any)
	if labels = maps.Clone(labels); labels == nil {
		labels = make(map[string]any, 1)
	}
	labels[PartOfLabel] = id
	metadata["labels"] = labels
	sent["metadata"] = metadata
	return sent
}
