package apply

import (
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/inventory"
)

const (
	// FieldManager is the name under which Towline owns the fields that it applies.
	FieldManager = "towline"
	// PartOfLabel holds the ID of the set an object belongs to (KEP-3659); kubectl knows it too.
	PartOfLabel = "applyset.kubernetes.io/part-of"
)

// Set is what one Sync wants to stand in the cluster.
type Set struct {
	// ID labels every object of the set; see [SetID].
	ID string
	// Namespace is where objects go that need a namespace and name none.
	Namespace string
	// Objects are never changed by this package.
	Objects []*unstructured.Unstructured
	// Ignore names fields that are left to others: they are sent when an object is created, and neither applied nor owned
	// from then on.
	Ignore []IgnoreRule
	// Managed, where it is set, returns further fields of one object that are left to others, as in IgnoreRule.Fields: such
	// as spec.replicas of what a live HorizontalPodAutoscaler scales. Those that the set's own autoscalers scale are known.
	Managed func(inventory.ObjectRef) []string
	// Force allows to delete an object and make it again where an immutable field must change.
	Force bool
}

// Action says what became of an object.
type Action string

// The actions of applying.
const (
	Created    Action = "created"
	Recreated  Action = "recreated"  // deleted and made again, since an immutable field had to change
	Configured Action = "configured" // changed, or written without knowing what stood there (first time after a start)
	Unchanged  Action = "unchanged"
	Failed     Action = "failed" // Outcome.Err says why
)

// The actions of pruning; Failed is one too.
const (
	Deleted Action = "deleted"
	Gone    Action = "gone"    // it wasn't there any more
	Kept    Action = "kept"    // it isn't ours any more, or opted out: it leaves the inventory
	Held    Action = "held"    // it waits for consent: it stays in the inventory
	Pending Action = "pending" // its deletion isn't through yet, Outcome.Reason says why: it stays in the inventory
)

// Outcome is what became of one object.
type Outcome struct {
	Ref             inventory.ObjectRef
	Action          Action
	UID             types.UID // of the live object, where it was written
	ResourceVersion string    // of the live object, where it is known
	Reason          string    // why it was kept, held, or left alone, for a person to read
	Err             error     // an *Error where Action is Failed
	// Conflicts are the fields that were taken from other managers, who had given them other values.
	Conflicts []Conflict
}

// Conflict names fields that the apply took from another field manager.
type Conflict struct {
	Manager string
	Fields  []string // paths such as ".spec.replicas", sorted
}

// Result holds one outcome an object, sorted by reference.
type Result struct {
	Outcomes []Outcome
}

// Count returns how many objects had this action.
func (r Result) Count(action Action) int {
	n := 0
	for _, outcome := range r.Outcomes {
		if outcome.Action == action {
			n++
		}
	}
	return n
}

// Err joins the errors of all failed objects; nil when there are none.
func (r Result) Err() error {
	var all []error
	for _, outcome := range r.Outcomes {
		if outcome.Err != nil {
			all = append(all, outcome.Err)
		}
	}
	return errors.Join(all...)
}

// With returns the objects that had one of these actions.
func (r Result) With(actions ...Action) []inventory.ObjectRef {
	var refs []inventory.ObjectRef
	for _, outcome := range r.Outcomes {
		for _, action := range actions {
			if outcome.Action == action {
				refs = append(refs, outcome.Ref)
			}
		}
	}
	return refs
}
