package drift

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/towline-dev/towline/reconciler/apply"
)

// mostLost bounds how many lost fields are named: enough to see what happened, short enough for an event.
const mostLost = 20

// own finds our entry: the fields that server-side apply booked for us.
func own(live metav1.Object) *metav1.ManagedFieldsEntry {
	entries := live.GetManagedFields()
	i := slices.IndexFunc(entries, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == apply.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
	})
	if i < 0 {
		return nil
	}
	return &entries[i]
}

// ownFields returns our fields as the API server writes them, which it does the same way each time; empty for none.
func ownFields(live metav1.Object) string {
	entry := own(live)
	if entry == nil || entry.FieldsV1 == nil {
		return ""
	}
	return entry.FieldsV1.GetRawString()
}

// lost returns the fields of was that aren't in is. What can't be read counts as holding nothing.
func lost(was, is string) *fieldpath.Set {
	return fields(was).Difference(fields(is))
}

func fields(text string) *fieldpath.Set {
	set := fieldpath.NewSet()
	if text == "" {
		return set
	}
	if err := set.FromJSON(strings.NewReader(text)); err != nil {
		return fieldpath.NewSet()
	}
	return set
}

// paths names the innermost fields of a set, in order, at most mostLost.
func paths(set *fieldpath.Set) []string {
	var named []string
	for path := range set.Leaves().All() { // which panics where it is left early
		if len(named) < mostLost {
			named = append(named, path.String())
		}
	}
	return named
}

// lastWriter returns the field manager who most likely took the lost fields: the last one, not before our own last
// write, among those that hold some of them now. Where nobody does, since they were removed or it isn't known which, it
// is the last one to write anything but status; empty where there is none.
func lastWriter(live metav1.Object, lost *fieldpath.Set) string {
	ours := own(live)
	var holder, writer *metav1.ManagedFieldsEntry
	entries := live.GetManagedFields()
	for i := range entries {
		entry := &entries[i]
		if entry.Manager == apply.FieldManager || ours != nil && entry.Time.Before(ours.Time) {
			continue
		}
		if entry.Subresource != "status" && later(entry, writer) {
			writer = entry
		}
		if lost != nil && later(entry, holder) && holds(entry, lost) {
			holder = entry
		}
	}
	switch {
	case holder != nil:
		return holder.Manager
	case writer != nil:
		return writer.Manager
	}
	return ""
}

func later(entry, than *metav1.ManagedFieldsEntry) bool {
	return than == nil || !entry.Time.Before(than.Time)
}

func holds(entry *metav1.ManagedFieldsEntry, some *fieldpath.Set) bool {
	if entry.FieldsV1 == nil {
		return false
	}
	set := fieldpath.NewSet()
	if err := set.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
		return false
	}
	return !set.Intersection(some).Empty()
}
