package apply

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Foreseen is what applying one object would do, as the API server foresees it.
type Foreseen struct {
	Ref inventory.ObjectRef
	// Live is the object as it stands in the cluster; nil where it isn't there.
	Live *unstructured.Unstructured
	// Wanted is the object as it would stand; nil where Err is set.
	Wanted *unstructured.Unstructured
	// Unchecked says that Wanted is the manifest itself, since what the object needs first,
	// its namespace or its definition, isn't there yet.
	Unchecked bool
	Err       error // an *Error
}

// DryRun asks the API server what Apply would make of each of the plan's objects, without
// changing any, and gives the answers sorted by reference. It remembers nothing.
func (a *Applier) DryRun(ctx context.Context, plan *Plan) []Foreseen {
	all := make([]Foreseen, len(plan.items))
	var workers errgroup.Group
	workers.SetLimit(a.workers)
	for i, it := range plan.items {
		workers.Go(func() error {
			all[i] = a.foresee(ctx, it)
			return nil
		})
	}
	_ = workers.Wait() // the workers give what they found, no errors
	for _, f := range plan.failed {
		all = append(all, Foreseen{Ref: f.outcome.Ref, Err: f.outcome.Err})
	}
	return all
}

func (a *Applier) foresee(ctx context.Context, it item) Foreseen {
	f := Foreseen{Ref: it.ref}
	live, err := a.read(ctx, it)
	if err != nil {
		f.Err = failed("reading", it.ref, err).Err
		return f
	}
	f.Live = live
	body, err := json.Marshal(it.object)
	if err != nil {
		f.Err = failed("applying", it.ref, &malformed{err.Error()}).Err
		return f
	}
	result := on(a.rest.Patch(types.ApplyYAMLPatchType), it.resource, it.ref).
		SetHeader("Accept", "application/json").
		Param("fieldManager", FieldManager).
		Param("force", "true").
		Param("fieldValidation", metav1.FieldValidationStrict).
		Param("dryRun", metav1.DryRunAll).
		Body(body).
		Do(ctx)
	answer, err := result.Raw()
	switch {
	case err == nil:
		f.Wanted, err = decoded(answer)
	case live == nil && (isMissingNamespace(result.Error()) || it.ownKind && apierrors.IsNotFound(result.Error())):
		// The manifest is written as JSON once more, so that its numbers are of the API server's kinds.
		f.Unchecked = true
		f.Wanted, err = decoded(body)
	default:
		err = result.Error()
	}
	if err != nil {
		f.Err = failed("applying", it.ref, err).Err
	}
	return f
}

// read gives the live object, nil where there is none.
func (a *Applier) read(ctx context.Context, it item) (*unstructured.Unstructured, error) {
	result := on(a.rest.Get(), it.resource, it.ref).SetHeader("Accept", "application/json").Do(ctx)
	body, err := result.Raw()
	if err != nil {
		if apierrors.IsNotFound(result.Error()) {
			return nil, nil
		}
		return nil, result.Error()
	}
	return decoded(body)
}

func decoded(body []byte) (*unstructured.Unstructured, error) {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(body); err != nil {
		return nil, fmt.Errorf("decoding the API server's answer: %w", err)
	}
	return &object, nil
}
