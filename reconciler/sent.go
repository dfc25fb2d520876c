package reconciler

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
	"github.com/towline-dev/towline/reconciler/manifests"
)

// sent remembers in which form each object of a Sync was sent last, for healing.
// While a course is under way, and after one that failed, some objects have their new
// form and the others still the old one.
type sent struct {
	whole *manifests.Set                         // what was applied whole last; nil for nothing since the start
	since map[inventory.ObjectRef]*manifests.Set // the objects that were sent after that, by identity
}

// object gives an object as it was sent last, nil where it wasn't.
func (s *sent) object(ref inventory.ObjectRef, namespace string) (*unstructured.Unstructured, error) {
	if set := s.since[ref.Identity()]; set != nil {
		return set.Get(ref, namespace)
	}
	return s.whole.Get(ref, namespace)
}

// note takes in what a step sent.
func (s *sent) note(set *manifests.Set, did apply.Result) {
	if s.since == nil {
		s.since = map[inventory.ObjectRef]*manifests.Set{}
	}
	for _, o := range did.Outcomes {
		if o.Action != apply.Failed {
			s.since[o.Ref.Identity()] = set
		}
	}
}

// all takes in that a set was sent whole.
func (s *sent) all(set *manifests.Set) { *s = sent{whole: set} }
