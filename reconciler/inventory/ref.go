// Package inventory remembers every object that a Sync owns.
//
// It is the write-ahead log of the reconciler: the wanted objects are added before the first of them is applied, and the
// unwanted ones are taken out after the last of them is deleted. A kill at any step therefore leaves an inventory that
// holds at least what stands in the cluster, and never an object that nobody would prune.
//
// It stores names, not contents, and it refuses to guess: an inventory that is there but can't be read whole is an
// error and not a shorter list, because a shorter list reads as "these objects are no longer ours".
package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// coreGroup stands for the empty API group in text. No custom resource can have it for its group: those need a dot.
const coreGroup = "core"

// ObjectRef names one object of the cluster.
//
// Version says in which version the object was written last. It is a hint for finding the object again and no part of
// its identity: see [ObjectRef.Identity].
type ObjectRef struct {
	Group     string
	Version   string
	Kind      string
	Namespace string // empty for objects that are cluster-wide
	Name      string
}

// RefOf returns the reference of an object as it is written, its namespace included where it has one.
func RefOf(object *unstructured.Unstructured) ObjectRef {
	kind := object.GroupVersionKind()
	return ObjectRef{Group: kind.Group, Version: kind.Version, Kind: kind.Kind, Namespace: object.GetNamespace(), Name: object.GetName()}
}

// GroupKind returns the group and kind of the object.
func (r ObjectRef) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: r.Group, Kind: r.Kind}
}

// Identity returns the reference without its version: the same object is the same in every version of its API, so this
// is what serves as the key of a map and what two references are compared by.
func (r ObjectRef) Identity() ObjectRef {
	r.Version = ""
	return r
}

// String returns "apps/Deployment/shop/web", or "core/Namespace/shop" for a cluster-wide object; [ParseObjectRef] reads it.
func (r ObjectRef) String() string {
	parts := make([]string, 0, 4)
	parts = append(parts, cmp.Or(r.Group, coreGroup), r.Kind)
	if r.Namespace != "" {
		parts = append(parts, r.Namespace)
	}
	return strings.Join(append(parts, r.Name), "/")
}

// ParseObjectRef reads what [ObjectRef.String] writes. The version, which isn't in it, is left empty.
func ParseObjectRef(text string) (ObjectRef, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 && len(parts) != 4 || slices.Contains(parts, "") {
		return ObjectRef{}, fmt.Errorf("parsing object reference %q: want group/Kind/namespace/name, or group/Kind/name", text)
	}
	ref := ObjectRef{Group: parts[0], Kind: parts[1], Name: parts[len(parts)-1]}
	if ref.Group == coreGroup {
		ref.Group = ""
	}
	if len(parts) == 4 {
		ref.Namespace = parts[2]
	}
	return ref, nil
}

// Compare orders references by group, kind, namespace, name, and at last by version.
func Compare(a, b ObjectRef) int {
	return cmp.Or(
		strings.Compare(a.Group, b.Group), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Namespace, b.Namespace),
		strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
}

// Union returns every object that is in one list or the other, sorted, each once. Where both name it, next's version is kept.
func Union(previous, next []ObjectRef) []ObjectRef {
	all := slices.Clone(next)
	return sorted(append(all, Subtract(previous, next)...))
}

// Subtract returns the objects of a that aren't in b, whatever their versions, sorted.
func Subtract(a, b []ObjectRef) []ObjectRef {
	taken := make(map[ObjectRef]struct{}, len(b))
	for _, ref := range b {
		taken[ref.Identity()] = struct{}{}
	}
	var rest []ObjectRef
	for _, ref := range a {
		if _, ok := taken[ref.Identity()]; !ok {
			rest = append(rest, ref)
		}
	}
	return sorted(rest)
}

// sorted orders refs in place and drops repeated objects.
func sorted(refs []ObjectRef) []ObjectRef {
	slices.SortFunc(refs, Compare)
	return slices.CompactFunc(refs, func(a, b ObjectRef) bool { return a.Identity() == b.Identity() })
}
