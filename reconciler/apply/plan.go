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
	failed []failure
	// claimed are the places that objects without a known kind may have: they are wanted, so they must not be pruned.
	claimed []inventory.ObjectRef
}

// failure is an object that can't be applied, with the place in the order of steps that it would have.
type failure struct {
	traits  traits
	outcome Outcome
}

// item is one object on its way to the API server.
type item struct {
	ref      inventory.ObjectRef
	object   map[string]any // as it is sent
	whole    map[string]any // with the fields that are left to others: as it is created
	left     []path         // what is left to others
	force    bool           // whether the set allows to make it anew
	resource schema.GroupVersionResource
	ownKind  bool // its definition is in the same set
	traits   traits
}

// Refs returns the objects that applying may create, hooks included, sorted. They must be in the inventory before.
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
	others, err := othersOf(set)
	if err != nil {
		return nil, fmt.Errorf("planning a set: %w", err)
	}
	plan := &Plan{id: set.ID}
	own := ownKinds(set.Objects)
	for _, object := range set.Objects {
		ref := inventory.RefOf(object)
		traits, unclear := traitsOf(object)
		mapping, err := a.place(ctx, own, object)
		if err == nil {
			err = unclear
		}
		var bad *malformed
		switch {
		case err == nil:
			plan.add(set, object, mapping, item{ownKind: own[object.GroupVersionKind()] != nil, traits: traits})
		case errors.As(err, &bad), meta.IsNoMatchError(err):
			plan.claim(set, ref)
			plan.failed = append(plan.failed, failure{traits, failed("planning", ref, err)})
		default:
			return nil, fmt.Errorf("planning %s: %w", ref, err)
		}
	}
	plan.refuseDoubles()
	if err := plan.leave(others); err != nil {
		return nil, fmt.Errorf("planning a set: %w", err)
	}
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

func (p *Plan) add(set Set, object *unstructured.Unstructured, mapping *meta.RESTMapping, it item) {
	ref := inventory.RefOf(object)
	switch {
	case mapping.Scope.Name() == meta.RESTScopeNameRoot:
		ref.Namespace = "" // kustomize writes one into custom resources whose scope it can't know
	case ref.Namespace == "":
		ref.Namespace = set.Namespace
	}
	it.ref, it.resource, it.force = ref, mapping.Resource, set.Force
	it.object = prepare(object, ref.Namespace, set.ID)
	it.whole = it.object
	p.items = append(p.items, it)
}

// leave takes out of each object what is left to others. The set's label is ours in any case.
func (p *Plan) leave(others others) error {
	for i := range p.items {
		it := &p.items[i]
		var err error
		if it.left, err = others.of(it.ref); err != nil {
			return err
		}
		if len(it.left) > 0 {
			it.object = labelled(omitAll(it.whole, it.left), p.id)
		}
	}
	return nil
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
		p.failed = append(p.failed, failure{it.traits, failed("planning", it.ref, &malformed{fmt.Sprintf("the set holds it %d times", n)})})
		return true
	})
	slices.SortFunc(p.failed, func(x, y failure) int { return inventory.Compare(x.outcome.Ref, y.outcome.Ref) })
	p.failed = slices.CompactFunc(p.failed, func(x, y failure) bool { return x.outcome.Ref == y.outcome.Ref })
}

// prepare returns the object as it is sent: with its namespace and the set's label, and without what only the API server
// or kubectl writes, which manifests taken from a cluster often carry. The original is left as it is; what needn't change is shared.
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
	if annotations, ok := metadata["annotations"].(map[string]any); ok && annotations[lastApplied] != nil {
		annotations = maps.Clone(annotations)
		delete(annotations, lastApplied)
		metadata["annotations"] = annotations
	}
	sent["metadata"] = metadata
	return labelled(sent, id)
}

// labelled returns the object with the set's label, and leaves the original as it is.
func labelled(object map[string]any, id string) map[string]any {
	object = maps.Clone(object)
	metadata, _ := object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	labels, _ := metadata["labels"].(map[string]any)
	if labels = maps.Clone(labels); labels == nil {
		labels = make(map[string]any, 1)
	}
	labels[PartOfLabel] = id
	metadata["labels"] = labels
	object["metadata"] = metadata
	return object
}
