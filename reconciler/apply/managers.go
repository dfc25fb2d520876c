package apply

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// lastApplied is where client-side kubectl apply keeps what it applied: a second source of truth that nobody keeps true
// once we apply.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// replaceManager is the manager of replacements of ours, which are followed by an apply that takes the fields over.
const replaceManager = FieldManager + "-replace"

// relation is what another field manager of an object is to us.
type relation int

const (
	stranger    relation = iota // a controller, or a person who says who they are: what they own is theirs
	predecessor                 // it applied whole manifests, as we do now: what it owns becomes ours, and goes where Git lacks it
	hand                        // a person's kubectl: what we both own becomes ours alone, the rest stays theirs
)

// relate judges an entry by its manager. What kubectl changed by hand isn't taken whole, because a restart of a
// Deployment by kubectl rollout, which is an annotation, would be undone by that.
func relate(entry metav1.ManagedFieldsEntry) relation {
	update, whole := entry.Operation == metav1.ManagedFieldsOperationUpdate, entry.Subresource == ""
	switch entry.Manager {
	case "kubectl-client-side-apply", replaceManager:
		if update && whole {
			return predecessor
		}
	case "kubectl":
		if !update && whole {
			return predecessor
		}
	case "helm", "helm-controller", "kustomize-controller", "argocd-controller", "argocd-application-controller":
		if whole {
			return predecessor
		}
	case "before-first-apply": // everything that was there before the first server-side apply, whoever wrote it
		return hand
	}
	if entry.Subresource != "status" && update && (entry.Manager == "kubectl" || strings.HasPrefix(entry.Manager, "kubectl-")) {
		return hand
	}
	return stranger
}

// ownEntry returns the index of our entry, or -1.
func ownEntry(entries []metav1.ManagedFieldsEntry) int {
	return slices.IndexFunc(entries, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
	})
}

func fieldsOf(entry metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	set := fieldpath.NewSet()
	if entry.FieldsV1 == nil {
		return set, nil
	}
	if err := set.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
		return nil, fmt.Errorf("reading the managed fields of %q: %w", entry.Manager, err)
	}
	return set, nil
}

func withFields(entry metav1.ManagedFieldsEntry, set *fieldpath.Set) (metav1.ManagedFieldsEntry, error) {
	raw, err := set.ToJSON()
	if err != nil {
		return entry, fmt.Errorf("writing the managed fields of %q: %w", entry.Manager, err)
	}
	fields := &metav1.FieldsV1{}
	fields.SetRawBytes(bytes.Clone(raw))
	entry.FieldsV1 = fields
	return entry, nil
}

// ownership is an object's managed fields while they are being moved.
type ownership struct {
	entries []metav1.ManagedFieldsEntry
	ours    *fieldpath.Set
	own     int  // index of our entry, -1 where we have none
	changed bool // the entries differ from those of the object
	grew    bool // we own more than we apply: the next apply takes it away
}

func ownershipOf(live *metav1.PartialObjectMetadata) (*ownership, error) {
	o := &ownership{entries: slices.Clone(live.ManagedFields), own: ownEntry(live.ManagedFields), ours: fieldpath.NewSet()}
	if o.own < 0 {
		return o, nil
	}
	var err error
	o.ours, err = fieldsOf(o.entries[o.own])
	return o, err
}

// takeOver makes ours what predecessors own, and ours alone what hands own, too.
func (o *ownership) takeOver() error {
	for i := range o.entries {
		switch relate(o.entries[i]) {
		case predecessor:
			if err := o.inherit(i); err != nil {
				return err
			}
		case hand:
			if err := o.release(i); err != nil {
				return err
			}
		case stranger:
		}
	}
	return nil
}

// inherit moves all fields of an entry to ours, but for those by which controllers do their work, and those of another
// version of the API, which can't be compared: these are nobody's then.
func (o *ownership) inherit(i int) error {
	entry := o.entries[i]
	fields, err := fieldsOf(entry)
	if err != nil {
		return err
	}
	if o.own < 0 {
		o.own = len(o.entries)
		o.entries = append(o.entries, metav1.ManagedFieldsEntry{
			Manager: FieldManager, Operation: metav1.ManagedFieldsOperationApply,
			APIVersion: entry.APIVersion, FieldsType: entry.FieldsType, Time: entry.Time,
		})
	}
	o.changed = true
	o.entries[i].FieldsV1 = nil
	if entry.APIVersion != o.entries[o.own].APIVersion {
		return nil
	}
	fields = fields.RecursiveDifference(fieldpath.NewSet(
		fieldpath.MakePathOrDie("metadata", "finalizers"), fieldpath.MakePathOrDie("metadata", "ownerReferences")))
	o.grew = o.grew || !fields.Difference(o.ours).Empty()
	o.ours = o.ours.Union(fields)
	return nil
}

// release takes from an entry the fields that are ours, too.
func (o *ownership) release(i int) error {
	fields, err := fieldsOf(o.entries[i])
	if err != nil {
		return err
	}
	rest := fields.Difference(o.ours)
	if rest.Size() == fields.Size() {
		return nil
	}
	o.changed = true
	if rest.Leaves().Empty() {
		o.entries[i].FieldsV1 = nil
		return nil
	}
	o.entries[i], err = withFields(o.entries[i], rest)
	return err
}

// handOver lets go of fields of ours that are left to others from now on. Whether others own them or nobody does, the
// next apply without them leaves them as they are.
func (o *ownership) handOver(paths []path, rendered map[string]any) {
	if len(paths) == 0 || o.own < 0 {
		return
	}
	rest, found := without(o.ours, paths, rendered)
	if found {
		o.ours, o.changed = rest, true
	}
}

// result returns the entries as they are to be. An entry without fields is none.
func (o *ownership) result() ([]metav1.ManagedFieldsEntry, error) {
	if o.own >= 0 {
		var err error
		if o.entries[o.own], err = withFields(o.entries[o.own], o.ours); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(o.entries, func(entry metav1.ManagedFieldsEntry) bool { return entry.FieldsV1 == nil }), nil
}

// blame says who owns the fields that an apply would take, by the paths that the API server's refusal names.
func blame(entries []metav1.ManagedFieldsEntry, contested []string) []Conflict {
	var conflicts []Conflict
	for _, entry := range entries {
		if entry.Manager == FieldManager {
			continue
		}
		fields, err := fieldsOf(entry)
		if err != nil {
			continue
		}
		var taken []string
		for field := range fields.All() {
			if text := field.String(); slices.Contains(contested, text) {
				taken = append(taken, text)
			}
		}
		if len(taken) > 0 {
			slices.Sort(taken)
			conflicts = append(conflicts, Conflict{Manager: entry.Manager, Fields: taken})
		}
	}
	if len(conflicts) == 0 && len(contested) > 0 {
		conflicts = []Conflict{{Fields: slices.Sorted(slices.Values(contested))}}
	}
	return conflicts
}
