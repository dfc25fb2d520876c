package inspect

import (
	"context"
	"log/slog"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// What would become of an object.
const (
	DiffCreate    = "create"
	DiffChange    = "change"
	DiffReplace   = "replace" // deleted and made again: an immutable field changes, and that is allowed
	DiffDelete    = "delete"
	DiffHold      = "hold"    // its deletion waits for consent
	DiffRelease   = "release" // it stays in the cluster, and is the Sync's no more
	DiffFail      = "fail"
	DiffHook      = "hook" // it runs when the set is applied because it changed
	DiffUnchanged = "unchanged"
)

// Difference is what would become of one object.
type Difference struct {
	Group     string `json:"group"`
	Version   string `json:"version"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Action    string `json:"action"`
	// Reason says why, where the action doesn't tell by itself.
	Reason string `json:"reason"`
	// Diff is a unified diff of the object's YAML; values of Secrets are masked.
	Diff string `json:"diff"`
}

// Ref is the object's reference.
func (d Difference) Ref() inventory.ObjectRef {
	return inventory.ObjectRef{Group: d.Group, Version: d.Version, Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}
}

// Changes tells whether anything would be done, or fail. A hook alone is no change.
func (d Difference) Changes() bool { return d.Action != DiffUnchanged && d.Action != DiffHook }

// Diff tells what applying these objects for the Sync would do, by a dry run that the API
// server makes with the person's own rights. Nothing is changed. What is unchanged is in
// the list, too, which is sorted by reference.
func (c *Client) Diff(ctx context.Context, sync *v1.Sync, objects []*unstructured.Unstructured, log *slog.Logger) ([]Difference, error) {
	applier, err := apply.New(apply.Config{REST: c.rest, HTTPClient: c.http, Mapper: c.mapper, Log: log})
	if err != nil {
		return nil, err
	}
	set, err := c.setOf(ctx, sync, objects)
	if err != nil {
		return nil, err
	}
	plan, err := applier.Plan(ctx, set)
	if err != nil {
		return nil, err
	}
	owned, err := c.owned(ctx, sync)
	if err != nil {
		return nil, err
	}
	foreseen := applier.DryRun(ctx, plan)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := make([]Difference, 0, len(foreseen))
	for _, f := range foreseen {
		all = append(all, difference(f))
	}
	doomed, err := c.doomed(ctx, sync, plan.Unwanted(owned), len(owned))
	if err != nil {
		return nil, err
	}
	all = append(all, doomed...)
	slices.SortStableFunc(all, func(a, b Difference) int { return inventory.Compare(a.Ref(), b.Ref()) })
	return all, nil
}

func newDifference(ref inventory.ObjectRef, action, reason string) Difference {
	return Difference{Group: ref.Group, Version: ref.Version, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name, Action: action, Reason: reason}
}

// difference is that of an object that the Sync wants.
func difference(f apply.Foreseen) Difference {
	switch {
	case f.Err != nil:
		return newDifference(f.Ref, DiffFail, f.Err.Error())
	case f.Replaced:
		return newDifference(f.Ref, DiffReplace, "an immutable field changes")
	case f.Mended:
		return newDifference(f.Ref, DiffChange, "what others added breaks it, and is taken away")
	case f.Hook:
		return newDifference(f.Ref, DiffHook, "a hook, which runs when the set is applied because it changed")
	}
	before, after := text(f.Live, f.Wanted)
	d := newDifference(f.Ref, DiffChange, "")
	switch {
	case f.Live == nil:
		d.Action = DiffCreate
	case before == after:
		d.Action = DiffUnchanged
	}
	if f.Left {
		d.Reason = "its annotation says that it is left alone"
	}
	if f.Unchecked {
		d.Reason = "its namespace or definition isn't there yet, so the API server couldn't check it"
	}
	d.Diff = unified(f.Ref, before, after)
	return d
}

// doomed tells what becomes of the objects that the Sync owns and wants no more.
func (c *Client) doomed(ctx context.Context, sync *v1.Sync, refs []inventory.ObjectRef, owned int) ([]Difference, error) {
	verdict := budgetOf(sync).Decide(refs, owned)
	held := map[inventory.ObjectRef]string{}
	for _, outcome := range verdict.Held {
		held[outcome.Ref.Identity()] = outcome.Reason
	}
	var all []Difference
	for _, ref := range refs {
		live, err := c.one(ctx, ref)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		d := newDifference(ref, DiffDelete, "")
		reason, waits := held[ref.Identity()]
		switch {
		case err != nil:
			d.Action, d.Reason = DiffFail, why(err)
		case live == nil:
			continue // it is gone already
		case !sync.Spec.Prune:
			d.Action, d.Reason = DiffRelease, "spec.prune is false"
		case apply.KeepsFromPruning(live.GetAnnotations()):
			d.Action, d.Reason = DiffRelease, "its annotations opt it out of pruning"
		case live.GetLabels()[apply.PartOfLabel] != SetID(sync):
			d.Action, d.Reason = DiffRelease, "it no longer carries the Sync's label"
		case waits:
			d.Action, d.Reason = DiffHold, reason
		}
		if d.Action == DiffDelete || d.Action == DiffHold {
			before, after := text(live, nil)
			d.Diff = unified(ref, before, after)
		}
		all = append(all, d)
	}
	return all, nil
}

func budgetOf(sync *v1.Sync) apply.Budget {
	limits := apply.Budget{Objects: v1.DefaultObjects}
	if objects := sync.Spec.DeletionBudget.Objects; objects != nil {
		limits.Objects = int(*objects)
	}
	if percent := sync.Spec.DeletionBudget.Percent; percent != nil {
		limits.Percent = int(*percent)
	}
	return limits
}

// one reads a live object; nil where it, or its kind, isn't there.
func (c *Client) one(ctx context.Context, ref inventory.ObjectRef) (*unstructured.Unstructured, error) {
	mapping, err := c.mapper.Mapping(ctx, ref.GroupKind(), "")
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	object, err := get(ctx, c.dynamic.Resource(mapping.Resource), ref)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return object, err
}

func get(ctx context.Context, resource dynamic.NamespaceableResourceInterface, ref inventory.ObjectRef) (*unstructured.Unstructured, error) {
	if ref.Namespace != "" {
		return resource.Namespace(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	}
	return resource.Get(ctx, ref.Name, metav1.GetOptions{})
}
