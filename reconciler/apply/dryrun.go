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
	// Replaced says that an immutable field changes, so that the object is deleted and made
	// again, which is allowed; Mended, that what others added breaks it, and is taken away.
	// Wanted is nil then.
	Replaced, Mended bool
	// Hook says that the object is a hook: it isn't tried, and runs when the set is applied.
	Hook bool
	// Left says that the object is there and is left alone, as its annotation has it.
	Left bool
	Err  error // an *Error
}

// DryRun asks the API server what Apply would make of each of the plan's objects, without
// changing any, and gives the answers sorted by reference. It remembers nothing.
func (a *Applier) DryRun(ctx context.Context, plan *Plan) []Foreseen {
	all := make([]Foreseen, len(plan.items))
	var workers errgroup.Group
	workers.SetLimit(a.workers)
	for i, it := range plan.items {
		workers.Go(func() error {
			all[i] = a.foresee(ctx, plan.id, it)
			return nil
		})
	}
	_ = workers.Wait() // the workers give what they found, no errors
	for _, outcome := range plan.failed {
		all = append(all, Foreseen{Ref: outcome.outcome.Ref, Err: outcome.outcome.Err})
	}
	return all
}

func (a *Applier) foresee(ctx context.Context, set string, it item) Foreseen {
	f := Foreseen{Ref: it.ref, Hook: it.traits.hook()}
	if it.ref.GroupKind() == secretKind() {
		ctx = discreet(ctx)
	}
	live, err := a.read(ctx, it)
	if err != nil {
		f.Err = failed("reading", it.ref, err).Err
		return f
	}
	f.Live = live
	switch {
	case f.Hook:
		return f
	case live != nil && it.traits.once:
		f.Wanted, f.Left = live, true
		return f
	}
	content := it.object
	if live == nil && it.whole != nil {
		content = it.whole // what is left to others is given once
	}
	body, err := json.Marshal(content)
	if err != nil {
		f.Err = failed("applying", it.ref, &malformed{err.Error()}).Err
		return f
	}
	f.Wanted, f.Unchecked, err = a.try(ctx, it, body, live == nil)
	if live != nil && apierrors.IsInvalid(err) {
		f.Mended, f.Replaced, err = (&writing{Applier: a, set: set, item: it, body: body}).foreseeMend(ctx, err)
	}
	if err != nil {
		f.Err = failed("applying", it.ref, err).Err
	}
	return f
}

// foreseeMend finds out, without a trace, what mend would do about a refusal.
func (w *writing) foreseeMend(ctx context.Context, refusal error) (mended, replaced bool, err error) {
	live, err := w.inItsPlace(ctx, true)
	switch {
	case live != nil && err == nil:
		return true, false, nil
	case live == nil || !apierrors.IsInvalid(err) || w.asAnother(ctx) != nil:
		return false, false, refusal
	}
	if why := w.lasting(live); why != "" {
		return false, false, &immutableError{ref: w.item.ref, fields: namesOf(causesOf(refusal)), why: why, err: refusal}
	}
	return false, true, nil
}

// try has the API server apply an object without keeping it. Where an object to be made
// can't be tried, since its namespace or its definition isn't there yet, it is given as it
// is sent.
func (a *Applier) try(ctx context.Context, it item, body []byte, fresh bool) (wanted *unstructured.Unstructured, unchecked bool, err error) {
	result := on(a.rest.Patch(types.ApplyYAMLPatchType), it.resource, it.ref).
		SetHeader("Accept", "application/json").
		Param("fieldManager", FieldManager).
		Param("force", "true").
		Param("fieldValidation", metav1.FieldValidationStrict).
		Param("dryRun", metav1.DryRunAll).
		Body(body).
		Do(ctx)
	answer, err := result.Raw()
	if err == nil {
		wanted, err = decoded(answer)
		return wanted, false, err
	}
	err = result.Error()
	if fresh && (isMissingNamespace(err) || it.ownKind && apierrors.IsNotFound(err)) {
		wanted, err = decoded(body)
		return wanted, true, err
	}
	return nil, false, err
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
