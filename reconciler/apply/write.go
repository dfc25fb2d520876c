package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// writing is one object on its way to the API server.
type writing struct {
	*Applier
	set  string
	item item
	body []byte // what we apply and own

	conflicts []Conflict
	recreated bool
	unasked   bool // contested fields are taken at once, without noting from whom
}

// applyOne applies one object, whatever it is, and answers for it.
func (a *Applier) applyOne(ctx context.Context, set string, it item, unasked bool) Outcome {
	if err := ctx.Err(); err != nil {
		return failed("applying", it.ref, err)
	}
	if it.ref.GroupKind() == secretKind() {
		ctx = discreet(ctx)
	}
	switch {
	case it.traits.hook():
		return a.applyHook(ctx, set, it)
	case it.traits.once:
		return a.applyOnce(ctx, set, it)
	}
	body, err := json.Marshal(it.object)
	if err != nil {
		return failed("applying", it.ref, &malformed{err.Error()})
	}
	form := digest(body)
	before, unchanged := a.memory.Begin(set, it.ref, form)
	if unchanged {
		return Outcome{Ref: it.ref, Action: Unchanged, ResourceVersion: before}
	}
	var live *metav1.PartialObjectMetadata
	defer func() { a.memory.Done(set, it.resource, it.ref, form, live) }()
	w := &writing{Applier: a, set: set, item: it, body: body, unasked: unasked}
	got, err := w.bring(ctx)
	live = got.live
	if err != nil {
		live = nil
		return failed("applying", it.ref, err)
	}
	return w.outcome(got, before)
}

// applyOnce creates the object where it is missing. It isn't remembered, so that nobody heals it.
func (a *Applier) applyOnce(ctx context.Context, set string, it item) Outcome {
	a.memory.Forget(set, it.ref)
	live, err := a.metadata(ctx, it.resource, it.ref)
	if err == nil {
		return Outcome{
			Ref: it.ref, Action: Unchanged, UID: live.UID, ResourceVersion: live.ResourceVersion,
			Reason: fmt.Sprintf("its annotation %s says %s", ReconcileAnnotation, Disabled),
		}
	}
	if !apierrors.IsNotFound(err) || isMissingNamespace(err) {
		return failed("applying", it.ref, err)
	}
	return a.write(ctx, set, it)
}

// write applies an object that isn't remembered.
func (a *Applier) write(ctx context.Context, set string, it item) Outcome {
	body, err := json.Marshal(it.object)
	if err != nil {
		return failed("applying", it.ref, &malformed{err.Error()})
	}
	w := &writing{Applier: a, set: set, item: it, body: body}
	got, err := w.bring(ctx)
	if err != nil {
		return failed("applying", it.ref, err)
	}
	return w.outcome(got, "")
}

func (w *writing) outcome(got answer, before string) Outcome {
	outcome := Outcome{Ref: w.item.ref, Action: Configured, UID: got.live.UID, ResourceVersion: got.live.ResourceVersion, Conflicts: w.conflicts}
	switch {
	case w.recreated:
		outcome.Action = Recreated
	case got.created:
		outcome.Action = Created
	case before == got.live.ResourceVersion:
		outcome.Action = Unchanged
	}
	return outcome
}

// bring makes the live object what is wanted: by one apply, unless someone else has a hand in it.
func (w *writing) bring(ctx context.Context) (answer, error) {
	got, err := w.apply(ctx)
	if apierrors.IsInvalid(err) {
		got, err = w.mend(ctx, err)
	}
	if err != nil {
		return got, err
	}
	if got, err = w.alone(ctx, got); err != nil {
		return got, err
	}
	if w.item.ref.GroupKind() == definitionKind() {
		return got, w.serve(ctx, w.item, got.body)
	}
	return got, nil
}

// apply applies the object. Where fields of it are left to others, those are sent when the object is created and then
// let go of; where they were ours before, they are let go of first, since not to send them would delete them.
func (w *writing) apply(ctx context.Context) (answer, error) {
	if len(w.item.left) == 0 {
		return w.send(ctx, w.body)
	}
	live, err := w.metadata(ctx, w.item.resource, w.item.ref)
	if err == nil {
		if err := w.item.checkParts(live); err != nil {
			return answer{}, err
		}
		if _, err = w.letGo(ctx, live); err != nil {
			return answer{}, err
		}
		return w.send(ctx, w.body)
	}
	if !apierrors.IsNotFound(err) {
		return answer{}, err
	}
	whole, err := json.Marshal(w.item.whole)
	if err != nil {
		return answer{}, &malformed{err.Error()}
	}
	got, err := w.send(ctx, whole)
	if err != nil {
		return got, err
	}
	if err := w.item.checkParts(got.live); err != nil {
		return got, err
	}
	got.live, err = w.letGo(ctx, got.live)
	return got, err
}

func (w *writing) letGo(ctx context.Context, live *metav1.PartialObjectMetadata) (*metav1.PartialObjectMetadata, error) {
	after, _, err := w.adjust(ctx, w.item, live, func(o *ownership) error {
		o.handOver(w.item.left, w.item.whole)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("leaving fields to others: %w", err)
	}
	return after, nil
}

// send applies a body. Where that would take fields from others, it notes from whom, and takes them: Git wins. Asking
// first costs nothing where nobody objects.
func (w *writing) send(ctx context.Context, body []byte) (answer, error) {
	got, err := w.patch(ctx, w.item, body, w.unasked)
	fields := contested(err)
	if len(fields) == 0 {
		return got, err
	}
	live, lookErr := w.metadata(ctx, w.item.resource, w.item.ref)
	if lookErr != nil { // to know from whom is worth a try, and no failure
		w.conflicts = blame(nil, fields)
		return w.patch(ctx, w.item, body, true)
	}
	w.conflicts = blame(live.ManagedFields, fields)
	if _, _, err := w.adjust(ctx, w.item, live, w.takeOver); err != nil {
		return got, fmt.Errorf("taking fields over: %w", err)
	}
	return w.patch(ctx, w.item, body, true)
}

// alone makes us the only manager of our fields among those who did our work before, so that what is taken out of Git
// goes from the cluster, too. The answer to our apply names all managers: where there is none of those, that was all.
func (w *writing) alone(ctx context.Context, got answer) (answer, error) {
	if !slices.ContainsFunc(got.live.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool { return relate(entry) != stranger }) {
		return got, nil
	}
	live, moved, err := w.adjust(ctx, w.item, got.live, w.takeOver)
	if err != nil {
		return got, fmt.Errorf("taking fields over: %w", err)
	}
	got.live = live
	if !moved.grew {
		return got, nil
	}
	again, err := w.patch(ctx, w.item, w.body, true)
	again.created = got.created
	return again, err
}

// takeOver decides what becomes ours. What is left to others stays theirs, or nobody's.
func (w *writing) takeOver(o *ownership) error {
	if err := o.takeOver(); err != nil {
		return err
	}
	o.handOver(w.item.left, w.item.whole)
	return nil
}

// serve waits, where need be, until a written definition is served.
func (a *Applier) serve(ctx context.Context, it item, crd []byte) error {
	ok, err := established(crd)
	if ok {
		return nil
	}
	if err == nil {
		err = a.awaitEstablished(ctx, it.resource, it.ref.Name)
	}
	if err != nil {
		return fmt.Errorf("waiting until the definition is established: %w", err)
	}
	return nil
}
