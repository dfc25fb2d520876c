package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// mend finds out why an apply over a live object was refused as invalid, and helps where that can be helped. It doesn't
// read the refusal's words but tries, without a trace:
//   - would the manifest pass in place of the live object? Then what others added to that breaks the merge of both, such
//     as a port by another number and the same name: take those fields over, so that they go, or replace the object;
//   - or would it pass as a new object of another name? Then a field can't be changed in place;
//   - else the manifest itself is invalid.
func (w *writing) mend(ctx context.Context, refusal error) (answer, error) {
	causes := causesOf(refusal)
	if len(causes) == 0 {
		return answer{}, refusal
	}
	live, err := w.inItsPlace(ctx, true)
	if live == nil {
		if apierrors.IsNotFound(err) {
			return answer{}, refusal
		}
		return answer{}, errors.Join(refusal, err)
	}
	if err == nil {
		return w.unbreak(ctx, live, causes)
	}
	if !apierrors.IsInvalid(err) {
		return answer{}, untried(refusal, err)
	}
	if err := w.asAnother(ctx); err != nil {
		return answer{}, untried(refusal, err)
	}
	immutable := &immutableError{ref: w.item.ref, fields: namesOf(causes), err: refusal}
	if immutable.why = w.lasting(live); immutable.why != "" {
		return answer{}, immutable
	}
	return w.recreate(ctx, live)
}

// untried gives a refusal of which it couldn't be found out what would help, with the
// reason for that where it isn't another refusal of the same.
func untried(refusal, err error) error {
	if apierrors.IsInvalid(err) {
		return refusal
	}
	return errors.Join(refusal, fmt.Errorf("trying whether it must be made anew: %w", err))
}

// unbreak takes over what others hold in the lists where the merge fails, so that our apply takes it away; and where
// that isn't it, replaces the object.
func (w *writing) unbreak(ctx context.Context, live *metav1.PartialObjectMetadata, causes []metav1.StatusCause) (answer, error) {
	places := placesOf(causes)
	_, _, err := w.adjust(ctx, w.item, live, func(o *ownership) error {
		if err := o.seize(places); err != nil {
			return err
		}
		o.handOver(w.item.left, w.item.whole)
		return nil
	})
	if err != nil {
		return answer{}, fmt.Errorf("taking fields over: %w", err)
	}
	got, err := w.patch(ctx, w.item, w.body, true)
	if !apierrors.IsInvalid(err) {
		return got, err
	}
	if len(w.item.left) > 0 {
		return got, err // a replacement would write what is left to others
	}
	if _, err := w.inItsPlace(ctx, false); err != nil {
		return answer{}, fmt.Errorf("replacing it: %w", err)
	}
	return w.patch(ctx, w.item, w.body, true)
}

// seize makes ours what others hold at places of the object, whoever they are; only status stays with its writers.
func (o *ownership) seize(places [][]string) error {
	if o.own < 0 {
		return nil
	}
	for i, entry := range o.entries {
		if i == o.own || entry.Subresource == "status" || entry.APIVersion != o.entries[o.own].APIVersion {
			continue
		}
		fields, err := fieldsOf(entry)
		if err != nil {
			return err
		}
		taken := fieldpath.NewSet()
		for field := range fields.All() {
			if standsAt(field, places) {
				taken.Insert(field.Copy())
			}
		}
		if taken.Empty() {
			continue
		}
		o.ours, o.changed, o.grew = o.ours.Union(taken), true, true
		if rest := fields.Difference(taken); rest.Leaves().Empty() {
			o.entries[i].FieldsV1 = nil
		} else if o.entries[i], err = withFields(entry, rest); err != nil {
			return err
		}
	}
	return nil
}

// standsAt reports whether a field is at one of the places, or within it. Items of lists count by their list.
func standsAt(field fieldpath.Path, places [][]string) bool {
	var names []string
	for _, element := range field {
		if element.FieldName != nil {
			names = append(names, *element.FieldName)
		}
	}
	return slices.ContainsFunc(places, func(place []string) bool {
		return len(names) >= len(place) && slices.Equal(names[:len(place)], place)
	})
}

// placesOf returns the innermost lists in which the causes are, as names of fields: spec.ports[1].name is in spec, ports.
func placesOf(causes []metav1.StatusCause) [][]string {
	var places [][]string
	for _, cause := range causes {
		parsed, err := parsePath(cause.Field)
		if err != nil {
			continue
		}
		last := 0
		for i, step := range parsed {
			if step.index != nil {
				last = i
			}
		}
		if last == 0 {
			last = len(parsed)
		}
		var place []string
		for _, step := range parsed[:last] {
			if step.key != nil {
				place = append(place, *step.key)
			}
		}
		places = append(places, place)
	}
	return places
}

// inItsPlace puts the manifest in place of the live object, or tries whether it would pass there. It returns the object
// that was there, where there was one.
func (w *writing) inItsPlace(ctx context.Context, dryRun bool) (*metav1.PartialObjectMetadata, error) {
	looks := chase()
	for {
		live, err := w.metadata(ctx, w.item.resource, w.item.ref)
		if err != nil {
			return nil, err
		}
		_, err = w.replace(ctx, live.ResourceVersion, dryRun)
		if !apierrors.IsConflict(err) || !another(ctx, &looks) {
			return live, err
		}
	}
}

// replace puts the manifest in place of the live object of that version.
func (w *writing) replace(ctx context.Context, version string, dryRun bool) (answer, error) {
	return w.offer(ctx, map[string]any{"resourceVersion": version}, dryRun, func() *rest.Request {
		return on(w.rest.Put(), w.item.resource, w.item.ref)
	})
}

// asAnother tries whether the manifest would pass for a new object beside the live one.
func (w *writing) asAnother(ctx context.Context) error {
	name := w.item.ref.Name[:min(len(w.item.ref.Name), 52)]
	name = strings.TrimRight(name, "-.") + "-" + rand.String(10)
	_, err := w.offer(ctx, map[string]any{"name": name}, true, func() *rest.Request {
		return among(w.rest.Post(), w.item.resource, w.item.ref)
	})
	return err
}

// offer sends the whole manifest with some of its metadata changed.
func (w *writing) offer(ctx context.Context, change map[string]any, dryRun bool, request func() *rest.Request) (answer, error) {
	object := maps.Clone(w.item.whole)
	metadata, _ := object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	maps.Copy(metadata, change)
	object["metadata"] = metadata
	body, err := json.Marshal(object)
	if err != nil {
		return answer{}, &malformed{err.Error()}
	}
	return w.ask(ctx, func() *rest.Request {
		r := request().SetHeader("Accept", onlyMetadata).SetHeader("Content-Type", "application/json").
			Param("fieldManager", replaceManager).Param("fieldValidation", metav1.FieldValidationStrict).Body(body)
		if dryRun {
			r = r.Param("dryRun", metav1.DryRunAll)
		}
		return r
	})
}

func causesOf(err error) []metav1.StatusCause {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	return status.Status().Details.Causes
}

// namesOf returns the fields that the causes name, sorted, each once.
func namesOf(causes []metav1.StatusCause) []string {
	var fields []string
	for _, cause := range causes {
		if cause.Field != "" {
			fields = append(fields, cause.Field)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// immutableError says that an object would have to be made anew, and why it isn't.
type immutableError struct {
	ref    inventory.ObjectRef
	fields []string
	why    string
	err    error // the API server's refusal
}

func (e *immutableError) Error() string {
	field := strings.Join(e.fields, ", ")
	if field == "" {
		field = "a field"
	}
	text := fmt.Sprintf("%s can't be changed in place; %s", field, e.why)
	if e.ref.GroupKind() == secretKind() {
		return text
	}
	return fmt.Sprintf("%s: %v", text, e.err)
}

func (e *immutableError) Unwrap() error { return e.err }
