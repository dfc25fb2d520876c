package reconciler

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// maxMessage bounds a condition's message; the API allows 32 KiB, a person reads less.
const maxMessage = 2000

// board writes the conditions of a status. All rules about which conditions may
// stand beside each other are here.
type board struct {
	status     *v1.SyncStatus
	generation int64
	now        time.Time
}

func (b board) set(kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&b.status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: clip(message),
		ObservedGeneration: b.generation, LastTransitionTime: metav1.NewTime(b.now),
	})
}

func clip(message string) string {
	if runes := []rune(message); len(runes) > maxMessage {
		return string(runes[:maxMessage-1]) + "…"
	}
	return message
}

func (b board) remove(kinds ...string) {
	for _, kind := range kinds {
		meta.RemoveStatusCondition(&b.status.Conditions, kind)
	}
}

// working says that an attempt has begun.
func (b board) working(message string) {
	b.set(v1.ConditionReady, metav1.ConditionUnknown, v1.ReasonProgressing, message)
	b.set(v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonProgressing, message)
	b.remove(v1.ConditionStalled, v1.ConditionSuspended)
}

// failed says that an attempt ended badly and is made again by itself.
func (b board) failed(reason, message string) {
	b.set(v1.ConditionReady, metav1.ConditionFalse, reason, message)
	b.set(v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonProgressingRetry, message)
	b.remove(v1.ConditionStalled, v1.ConditionSuspended)
}

// stalled says that an attempt ended badly and that a person must change something.
func (b board) stalled(reason, message string) {
	b.set(v1.ConditionReady, metav1.ConditionFalse, reason, message)
	b.set(v1.ConditionStalled, metav1.ConditionTrue, reason, message)
	b.remove(v1.ConditionReconciling, v1.ConditionSuspended)
}

// applied says that everything was applied and that health is waited for.
func (b board) applied(message string) {
	b.set(v1.ConditionReady, metav1.ConditionUnknown, v1.ReasonProgressing, message)
	b.set(v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonProgressing, message)
	b.set(v1.ConditionHealthy, metav1.ConditionUnknown, v1.ReasonHealthProgressing, message)
	b.remove(v1.ConditionStalled, v1.ConditionSuspended)
}

// ready says that everything was applied and is healthy.
func (b board) ready(message string) {
	b.set(v1.ConditionReady, metav1.ConditionTrue, v1.ReasonSucceeded, message)
	b.healthy()
	b.remove(v1.ConditionReconciling, v1.ConditionStalled, v1.ConditionSuspended)
}

func (b board) healthy() {
	b.set(v1.ConditionHealthy, metav1.ConditionTrue, v1.ReasonHealthy, "all objects are healthy")
}

func (b board) unhealthy(reason, message string) {
	b.set(v1.ConditionHealthy, metav1.ConditionFalse, reason, message)
}

// broken says that everything was applied, but isn't healthy. It may heal by
// itself, so it isn't stalled.
func (b board) broken(message string) {
	b.set(v1.ConditionReady, metav1.ConditionFalse, v1.ReasonHealthFailed, message)
	b.remove(v1.ConditionReconciling, v1.ConditionStalled, v1.ConditionSuspended)
}

// suspended leaves Ready and Healthy as they were when work stopped.
func (b board) suspended() {
	b.set(v1.ConditionSuspended, metav1.ConditionTrue, v1.ReasonSuspended, "spec.suspend is true: nothing is applied, pruned or healed")
	b.remove(v1.ConditionReconciling, v1.ConditionStalled)
}

// is tells whether a condition stands with a reason.
func is(status *v1.SyncStatus, kind, reason string) bool {
	c := meta.FindStatusCondition(status.Conditions, kind)
	return c != nil && c.Reason == reason
}

func isUnknown(status *v1.SyncStatus, kind string) bool {
	c := meta.FindStatusCondition(status.Conditions, kind)
	return c != nil && c.Status == metav1.ConditionUnknown
}

func isTrue(status *v1.SyncStatus, kind string) bool {
	return meta.IsStatusConditionTrue(status.Conditions, kind)
}

// remember notes the result of an attempt. One revision has one entry, which
// changes in place, until it was a success; what comes after is a new entry.
func remember(status *v1.SyncStatus, entry v1.HistoryEntry) {
	if len(status.History) > 0 {
		newest := &status.History[0]
		same := newest.Revision == entry.Revision
		if same && newest.Result == entry.Result && (newest.Message == entry.Message || entry.Result == v1.ResultSucceeded) {
			return
		}
		if same && newest.Result != v1.ResultSucceeded {
			*newest = entry
			return
		}
		if same && entry.Result == v1.ResultProgressing {
			return // applied again, as after a restart: no news
		}
	}
	status.History = slices.Insert(slices.Clone(status.History), 0, entry)
	if len(status.History) > v1.MaxHistory {
		status.History = status.History[:v1.MaxHistory]
	}
}

// summarise counts objects by kind.
func summarise(refs []inventory.ObjectRef) []v1.InventoryCount {
	counts := map[string]int32{}
	for _, ref := range refs {
		kind := ref.Kind
		if ref.Group != "" {
			kind = ref.Group + "/" + ref.Kind
		}
		counts[kind]++
	}
	var all []v1.InventoryCount
	for kind, n := range counts {
		all = append(all, v1.InventoryCount{Kind: kind, Count: n})
	}
	slices.SortFunc(all, func(a, b v1.InventoryCount) int { return cmp.Compare(a.Kind, b.Kind) })
	return all
}
