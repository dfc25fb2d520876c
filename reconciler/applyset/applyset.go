// Package applyset describes a Sync as the parent of an ApplySet, so that `kubectl apply --prune --applyset` and other tools
// that follow KEP-3659 understand what belongs to it, and finds a set's objects again by what the parent says.
//
// The description is written ahead: before anything is applied it names the kinds and namespaces of all that is owned and
// all that is to come, and it shrinks only after the last object of a kind is gone. The package decides nothing about
// deleting: the inventory says what is owned.
package applyset

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Labels and annotations of a parent, as KEP-3659 ("ApplySet specification") names them. The label of the members is
// [apply.PartOfLabel].
const (
	IDLabel              = "applyset.kubernetes.io/id"
	ToolingAnnotation    = "applyset.kubernetes.io/tooling"
	KindsAnnotation      = "applyset.kubernetes.io/contains-group-kinds"
	NamespacesAnnotation = "applyset.kubernetes.io/additional-namespaces"

	// Tooling is our value of ToolingAnnotation, NAME/VERSION. The version is the description's, not the program's: a new
	// release must not write to every Sync.
	Tooling     = "towline/v1"
	toolingName = "towline"
)

// Parent is what the parent object of a set carries.
type Parent struct {
	Labels      map[string]string
	Annotations map[string]string
}

// Describe returns what parent must carry while the set holds refs, in any order: the kinds as Kind.group, the namespaces
// other than the parent's own, each sorted and separated by commas.
func Describe(parent inventory.ObjectRef, refs []inventory.ObjectRef) Parent {
	kinds, namespaces := make(map[string]struct{}), make(map[string]struct{})
	for _, ref := range refs {
		kinds[ref.GroupKind().String()] = struct{}{}
		if ref.Namespace != "" && ref.Namespace != parent.Namespace {
			namespaces[ref.Namespace] = struct{}{}
		}
	}
	return Parent{
		Labels: map[string]string{IDLabel: apply.SetID(parent)},
		Annotations: map[string]string{
			ToolingAnnotation:    Tooling,
			KindsAnnotation:      strings.Join(slices.Sorted(maps.Keys(kinds)), ","),
			NamespacesAnnotation: strings.Join(slices.Sorted(maps.Keys(namespaces)), ","),
		},
	}
}

// On reports whether an object with these labels and annotations carries all of it already.
func (p Parent) On(labels, annotations map[string]string) bool {
	return within(p.Labels, labels) && within(p.Annotations, annotations)
}

func within(part, whole map[string]string) bool {
	for key, value := range part {
		if got, ok := whole[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// Kinds returns the kinds that a parent's annotations name, sorted; nil where it names none.
func Kinds(annotations map[string]string) []schema.GroupKind {
	var kinds []schema.GroupKind
	for text := range strings.SplitSeq(annotations[KindsAnnotation], ",") {
		if kind := schema.ParseGroupKind(strings.TrimSpace(text)); kind.Kind != "" {
			kinds = append(kinds, kind)
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(kinds)
}

// Foreign returns the name of the other tool that a parent's annotations say it belongs to; empty where it is ours or
// nobody's. Tools must not change each other's sets.
func Foreign(annotations map[string]string) string {
	tooling := annotations[ToolingAnnotation]
	name := tooling
	if slash := strings.LastIndexByte(tooling, '/'); slash >= 0 {
		name = tooling[:slash]
	}
	if name == toolingName {
		return ""
	}
	return name
}
