package health

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// vigil is one wait. It belongs to one goroutine.
type vigil struct {
	*Waiter
	set     string
	run     func(func(context.Context)) // beside the wait, until it ends
	changed chan struct{}               // holds a token when something changed since the last look
	targets []*target                   // sorted
	pods    map[types.UID]*podState     // by workload
	noticed map[string]time.Time        // since when an event's trouble has been known, by UID and reason
	release []func()
}

// target is one object waited for.
type target struct {
	ref     inventory.ObjectRef
	applied string       // resource version; older states aren't believed
	state   *objectState // nil where the object has no status, or its kind is gone
	gone    bool         // the kind is
	since   time.Time    // it has been in progress
}

// signal wakes the wait. It never blocks.
func (v *vigil) signal() {
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

// end lets go of all feeds.
func (v *vigil) end() {
	for _, release := range v.release {
		release()
	}
}

// look judges all targets, and says when to look again if nothing changes; 0 means never.
func (v *vigil) look() (Report, time.Duration) {
	report := Report{Objects: make([]Health, 0, len(v.targets))}
	now, again := time.Now(), time.Duration(0)
	for _, t := range v.targets {
		health, wake := v.judge(t, now)
		if health.Status != InProgress || t.since.IsZero() {
			t.since = now
		}
		if wake > 0 && (again == 0 || wake < again) {
			again = wake
		}
		report.Objects = append(report.Objects, health)
	}
	return report, again
}

// judge says how a target stands, and when to look at it again.
func (v *vigil) judge(t *target, now time.Time) (Health, time.Duration) {
	switch {
	case t.gone:
		return t.is(NotFound, "its kind isn't there any more"), 0
	case t.state == nil:
		return t.is(Current, "Resource is current"), 0
	}
	one, missing := t.state.find(types.NamespacedName{Namespace: t.ref.Namespace, Name: t.ref.Name}, t.applied)
	switch {
	case missing:
		return t.is(NotFound, "it isn't in the cluster"), 0
	case one == nil:
		return t.is(InProgress, "not seen yet").with(t.state.problem(), false), 0
	}
	health := one.health
	health.Ref = t.ref
	if health.Status != InProgress {
		return health, 0
	}
	if v.bindsLate(one.claim) {
		return t.is(Current, "PersistentVolumeClaim is bound when a Pod uses it"), 0
	}
	return v.blame(t, one, health, now)
}

func (t *target) is(status Status, message string) Health {
	return Health{Ref: t.ref, Status: status, Message: message}
}

// blame finds the deepest trouble of an object that is in progress, and fails the object where that has lasted too long.
func (v *vigil) blame(t *target, one *seen, health Health, now time.Time) (Health, time.Duration) {
	trouble, since := one.trouble, one.since
	consider := func(other Trouble, from time.Time) {
		if other != (Trouble{}) && (trouble == (Trouble{}) || other.Severity > trouble.Severity) {
			trouble, since = other, from
		}
	}
	consider(t.state.problem(), now)
	waited := time.Since(t.since)
	if t.since.IsZero() {
		waited = 0
	}
	if waited < v.podsAfter() && one.work != nil {
		return health, v.podsAfter() - waited
	}
	found := v.warningsOf(t.ref.Namespace, waited)
	if one.work != nil {
		if p := v.podsOf(t.ref.Namespace, one.uid).worst(one.work); p != nil {
			other, from := v.explain(p, found[p.uid])
			consider(other, from)
		}
		if w := found[one.uid]; one.work.lacks && w.Reason == "FailedCreate" && now.Sub(w.last) < recentWarning {
			consider(w.Trouble, v.notice(one.uid, w.Trouble))
		}
	} else if w := found[one.uid]; now.Sub(w.last) < recentWarning {
		w.Severity = Notable
		consider(w.Trouble, now)
	}
	again := askWarnings
	if after := v.warningsAfter(); waited < after {
		again = after - waited
	}
	limit, lasts := v.limit(trouble.Severity), now.Sub(since)
	if limit == never || trouble == (Trouble{}) {
		return health.with(trouble, false), again
	}
	return health.with(trouble, lasts >= limit), min(again, max(limit-lasts, time.Millisecond))
}

// explain gives a Pod's trouble in the words of an event about it, where those tell more than its status.
func (v *vigil) explain(p *pod, told warning) (Trouble, time.Time) {
	if p.Severity > Notable || told.Reason == "" || time.Since(told.last) > recentWarning {
		return p.Trouble, p.since
	}
	starting := p.Reason == "ContainerCreating" || p.Reason == "PodInitializing"
	if told.Severity == Patient && !starting {
		return p.Trouble, p.since // it has got over that
	}
	told.Message = clip("Pod " + p.name + ": " + told.Message)
	return told.Trouble, v.notice(p.uid, told.Trouble)
}

// notice returns since when an event's trouble has been known.
func (v *vigil) notice(uid types.UID, trouble Trouble) time.Time {
	key := string(uid) + "/" + trouble.Reason
	if v.noticed[key].IsZero() {
		v.noticed[key] = time.Now()
	}
	return v.noticed[key]
}
