package drift

import (
	"time"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// object is what is remembered of one applied object: some 300 bytes, besides the set of fields, which alike objects share.
type object struct {
	ref  inventory.ObjectRef
	set  string
	form apply.Digest
	// fields is our entry of managedFields as JSON, as our last apply left it; base is the resource version it left.
	fields unique.Handle[string]
	base   string

	version     string // the resource version last heard of
	terminating bool
	writing     int      // how many applies are under way: their outcome settles what is heard meanwhile
	finding     *finding // how it differs; nil while it doesn't
	told        bool     // the finding was notified and awaits its heal
	timer       *time.Timer
	fight       fight
	dropped     bool
}

// finding is the evidence of drift.
type finding struct {
	version string // of the object or the list that shows it
	cause   Cause
	lost    []string
	by      string
}

func (o *object) untouched() bool {
	return o.finding == nil && !o.terminating
}

// applied takes the object as our own write left it for the truth to compare with. A finding that is older than the
// write is settled by it.
func (o *object) applied(set string, form apply.Digest, live *metav1.PartialObjectMetadata) {
	o.set, o.form = set, form
	o.fields, o.base = unique.Make(ownFields(live)), live.ResourceVersion
	o.terminating = live.DeletionTimestamp != nil
	if !older(live.ResourceVersion, o.version) {
		o.version = live.ResourceVersion
	}
	o.told = false
	if o.finding != nil && !older(o.base, o.finding.version) {
		o.calm()
	}
}

// seen compares a state of the object that a watch shows.
func (o *object) seen(live metav1.Object) {
	if older(live.GetResourceVersion(), o.base) {
		return // from before our own last write
	}
	o.version = live.GetResourceVersion()
	o.terminating = live.GetDeletionTimestamp() != nil
	own := ownFields(live)
	switch {
	case live.GetLabels()[apply.PartOfLabel] != o.set:
		o.finding = &finding{version: o.version, cause: Gone, by: lastWriter(live, nil)}
	case own == o.fields.Value():
		o.calm()
	default:
		o.compare(live, own)
	}
}

func (o *object) compare(live metav1.Object, own string) {
	gone := lost(o.fields.Value(), own)
	if gone.Empty() {
		o.calm()
		return
	}
	o.finding = &finding{version: o.version, cause: Fields, lost: paths(gone), by: lastWriter(live, gone)}
}

// gone takes in that a watch or a list shows, as of a version, that the object isn't there.
func (o *object) gone(version string) {
	if older(version, o.base) {
		return // we wrote it since
	}
	o.version, o.terminating = version, false
	o.finding = &finding{version: version, cause: Gone}
}

// calm forgets a finding.
func (o *object) calm() {
	o.finding, o.told = nil, false
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
}

// older reports whether resource version a is certainly from before b. They are comparable numbers for all that the API
// server stores itself (KEP-5504); of any others, what is heard last counts.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}

// schedule arranges that a finding is told of, unless that is under way, done, or about to be settled by a write.
func (w *Watcher) schedule(o *object) {
	if o.finding == nil || o.told || o.timer != nil || o.writing > 0 || o.dropped {
		return
	}
	delay := max(w.config.Debounce, w.config.Patience.delay(o.fight, time.Now()))
	o.timer = time.AfterFunc(delay, func() { w.tell(o, delay) })
}

func (w *Watcher) tell(o *object, delay time.Duration) {
	w.mu.Lock()
	o.timer = nil
	if w.follow == nil || o.finding == nil || o.told || o.writing > 0 || o.dropped {
		w.mu.Unlock()
		return
	}
	o.told = true
	o.fight = w.config.Patience.next(o.fight, time.Now())
	event := Event{
		Set: o.set, Ref: o.ref, Cause: o.finding.cause, Lost: o.finding.lost, By: o.finding.by,
		Attempt: o.fight.round, Delay: delay,
	}
	w.mu.Unlock()
	w.config.Notify(event)
}
