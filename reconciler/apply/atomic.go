package apply

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// checkParts refuses paths that name a part of what the API server knows only as a whole (an atomic list or map): to send
// the rest would take that part away from whoever it is left to. The live object's managers show it: who owns such a
// field owns no part of it.
func (it item) checkParts(live *metav1.PartialObjectMetadata) error {
	for _, entry := range live.ManagedFields {
		fields, err := fieldsOf(entry)
		if err != nil {
			return err
		}
		var parted string
		for leaf := range fields.Leaves().All() { // which can't be left early
			if it.parts(leaf) {
				parted = leaf.String()
			}
		}
		if parted != "" {
			return &malformed{fmt.Sprintf("only a part of %s is left to others, but the API server knows it as a whole: leave all of it to them", parted)}
		}
	}
	return nil
}

// parts reports whether some of what is left to others is inside the field, and some of the field isn't.
func (it item) parts(field fieldpath.Path) bool {
	return slices.ContainsFunc(it.left, func(p path) bool {
		return p.within(field) && len(p.resolve(it.whole)) > 0 && holdsMore(it.object, field)
	})
}

// within reports whether the path names something inside the field.
func (p path) within(field fieldpath.Path) bool {
	if len(field) == 0 || len(field) >= len(p) {
		return false
	}
	for i, element := range field {
		if !p[i].is(element) {
			return false
		}
	}
	return true
}

// holdsMore reports whether the object has a field that is no simple value and isn't empty. Fields inside of lists are
// left out: those of an atomic list are no managed fields.
func holdsMore(object map[string]any, field fieldpath.Path) bool {
	var value any = object
	for _, element := range field {
		fields, ok := value.(map[string]any)
		if !ok || element.FieldName == nil {
			return false
		}
		value = fields[*element.FieldName]
	}
	switch value := value.(type) {
	case map[string]any:
		return len(value) > 0
	case []any:
		return len(value) > 0
	}
	return false
}
