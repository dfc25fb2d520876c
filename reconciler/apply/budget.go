package apply

import (
	"fmt"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Budget bounds what a prune may delete without a person's consent. A bound of zero doesn't bind.
type Budget struct {
	Objects int // at most so many objects
	Percent int // at most so many per cent of what the set owned; one object is always within it
}

// Verdict says what a prune may delete, and what waits.
type Verdict struct {
	Delete []inventory.ObjectRef
	Held   []Outcome // with Action Held and the reason
}

// Decide says which of the doomed objects may go without a person's consent. Namespaces, custom resource definitions and
// claims of storage take other things with them that no repository can bring back, so they always wait. What is left is
// bounded by the budget as a whole: a prune that exceeds it deletes nothing at all, since it is more likely a mistake
// (an emptied folder, a wrong path) than a wish for the first so many.
func (b Budget) Decide(doomed []inventory.ObjectRef, owned int) Verdict {
	var verdict Verdict
	for _, ref := range doomed {
		if needsConsent(ref) {
			verdict.Held = append(verdict.Held, Outcome{Ref: ref, Action: Held, Reason: fmt.Sprintf("deleting a %s deletes what is in it, and waits for consent", ref.Kind)})
			continue
		}
		verdict.Delete = append(verdict.Delete, ref)
	}
	reason := b.exceeded(len(verdict.Delete), owned)
	if reason == "" {
		return verdict
	}
	for _, ref := range verdict.Delete {
		verdict.Held = append(verdict.Held, Outcome{Ref: ref, Action: Held, Reason: reason})
	}
	verdict.Delete = nil
	return verdict
}

func (b Budget) exceeded(count, owned int) string {
	owned = max(owned, count)
	switch {
	case b.Objects > 0 && count > b.Objects:
		return fmt.Sprintf("%d of %d objects would be deleted, the budget allows %d", count, owned, b.Objects)
	case b.Percent > 0 && count > 1 && count*100 > owned*b.Percent:
		return fmt.Sprintf("%d of %d objects would be deleted, the budget allows %d %%", count, owned, b.Percent)
	}
	return ""
}

func needsConsent(ref inventory.ObjectRef) bool {
	return goesFirst(ref) || ref.Group == "" && ref.Kind == "PersistentVolumeClaim"
}
