package reconciler

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// lingering is what was deleted and isn't gone: finalizers hold it, or what it waits for.
type lingering struct {
	refs  []inventory.ObjectRef
	more  bool   // something goes once they are gone: an attempt decides whether it still is to
	why   string // for a person, with the names
	again backoff
	at    time.Time // when it is looked at again
}

// note takes in what a deletion left.
func (l *lingering) note(result apply.Result, now time.Time) {
	l.refs, l.why = nil, ""
	var texts []string
	for _, o := range result.Outcomes {
		switch {
		case o.Err != nil:
			l.refs, texts = append(l.refs, o.Ref), append(texts, o.Err.Error())
		case o.Action == apply.Pending && o.UID == "": // it wasn't touched yet
			l.more, texts = true, append(texts, o.Ref.String()+": "+o.Reason)
		case o.Action == apply.Pending:
			l.refs, texts = append(l.refs, o.Ref), append(texts, o.Ref.String()+": "+o.Reason)
		}
	}
	if len(texts) == 0 {
		l.again.reset()
		return
	}
	l.why = fmt.Sprintf("deleting %d objects isn't through: %s", len(texts), strings.Join(first(texts, shownErrors), "; "))
	l.at = now.Add(l.again.next())
}

// standing says how a revision stands that is applied.
func (w *work) standing(revision string) string {
	if w.st.lingering.why == "" {
		return "applied " + revision
	}
	return "applied " + revision + "; " + w.st.lingering.why
}

// linger looks again at what was deleted and isn't gone. A course decides anew of all
// that is to go.
func (w *work) linger(ctx context.Context) {
	l := &w.st.lingering
	if len(l.refs) == 0 || w.now.Before(l.at) || w.st.course != nil {
		return
	}
	applier, err := w.identities.of(w.sync)
	if err != nil {
		return // the attempt that follows says so
	}
	limited, cancel := context.WithTimeout(ctx, w.sync.Spec.Timeout.Duration)
	defer cancel()
	result := applier.Prune(limited, apply.PruneRequest{ID: w.st.set, Refs: l.refs, Owned: len(l.refs), Consent: true})
	w.metrics.did(result)
	w.autoscalers.forget(result)
	if gone := result.With(apply.Deleted, apply.Gone, apply.Kept); len(gone) > 0 {
		if err := w.letGo(limited, gone); err != nil {
			l.at = w.Now().Add(l.again.next())
			if w.news("lingering", masked(err.Error())) {
				w.Log.WarnContext(ctx, "settling the inventory", "sync", w.st.key.String(), "error", err)
			}
			return
		}
	}
	more := l.more
	if l.note(result, w.Now()); more && len(l.refs) == 0 || unscaled(result) {
		w.again() // the attempt comes before this in a look
	}
	for i, o := range result.Outcomes {
		if o.Action == apply.Gone { // since the last look, and by our deletion
			result.Outcomes[i].Action = apply.Deleted
		}
	}
	w.tellPruned(ctx, result)
	w.tellLingering(ctx)
	if c := meta.FindStatusCondition(w.st.status.Conditions, v1.ConditionReady); c != nil && c.Status == metav1.ConditionTrue {
		w.board().set(v1.ConditionReady, c.Status, c.Reason, w.standing(w.st.status.LastAppliedRevision))
	}
}

// letGo takes objects out of the inventory, and out of what the status counts.
func (w *work) letGo(ctx context.Context, gone []inventory.ObjectRef) error {
	owned, err := w.st.store.Load(ctx)
	if err != nil {
		return err
	}
	left := inventory.Subtract(inventory.Refs(owned), gone)
	if err := w.st.store.Save(ctx, inventory.Settled(owned, w.watcher.Recorded(w.st.set, left))); err != nil {
		return err
	}
	w.st.status.Inventory = uncount(w.st.status.Inventory, summarise(gone))
	return w.claim(ctx, left)
}

// tellLingering says what isn't gone, where that is news.
func (w *work) tellLingering(ctx context.Context) {
	if why := w.st.lingering.why; why != "" {
		w.say(ctx, "lingering", why, event{normal, v1.ReasonDeletionPending, why})
		return
	}
	delete(w.st.said, "lingering")
}

// uncount takes counts away from others.
func uncount(all, gone []v1.InventoryCount) []v1.InventoryCount {
	less := map[string]int32{}
	for _, c := range gone {
		less[c.Kind] = c.Count
	}
	var left []v1.InventoryCount
	for _, c := range all {
		if c.Count -= less[c.Kind]; c.Count > 0 {
			left = append(left, c)
		}
	}
	return left
}
