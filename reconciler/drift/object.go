package drift

import (
	"time"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/towline-dev/towline/reconciler/apply"
)

const (
	// reconcileAnnotation has, with the value disabled, an object applied once and then left alone.
	reconcileAnnotation = "towline.dev/reconcile"
	reconcileDisabled   = "disabled"
)

// object is what is remembered of one applied object: some 300 bytes with its place in the map, besides the set of
// fields, which alike objects share.
type object struct {
	place
	apiVersion unique.Handle[string] // without its group
	set        unique.Handle[string]
	form       apply.Digest
	imprint    imprint   // as our last apply left it
	recalled   string    // instead of the imprint, its sum, until a watch shows the object after a start
	keyed      bool      // the form is the keyed sum that an inventory kept, until it is found to be that of a form
	uid        types.UID // of a Secret alone: the key
	base       string    // the resource version that our last apply left

	version     string        // the resource version last heard of
	writing     int32         // how many applies are under way: their outcome settles what is heard meanwhile
	heard       metav1.Object // what a watch showed last of it meanwhile; nil for nothing
	terminating bool
	dropped     bool
	trouble     *trouble // nil for an object that never drifted
}

// trouble is what is kept of an object that drifts or did.
type trouble struct {
	finding *finding // how it differs; nil while it doesn't
	told    bool     // the finding was notified and awaits its heal
	timer   *time.Timer
	fight   fight
}

// finding is the evidence of drift.
type finding struct {
	version string // of the object or the list that shows it
	cause   Cause
	lost    []string
	by      string
}

func (o *object) finding() *finding {
	if o.trouble == nil {
		return nil
	}
	return o.trouble.finding
}

func (o *object) found(f finding) {
	if o.trouble == nil {
		o.trouble = &trouble{}
	}
	o.trouble.finding = &f
}

// differs reports whether an imprint isn't the one that our last apply left.
func (o *object) differs(now imprint) bool {
	if o.recalled != "" {
		return o.recalled != now.sum()
	}
	return o.imprint != now
}

func (o *object) untouched() bool {
	return o.finding() == nil && !o.terminating
}

// applied takes the object as our own write left it for the truth to compare with. A finding that is older than the
// write is settled by it.
func (o *object) applied(set string, form apply.Digest, live *metav1.PartialObjectMetadata) {
	o.set, o.form, o.keyed, o.recalled = unique.Make(set), form, false, ""
	o.imprint, o.base = imprintOf(live), live.ResourceVersion
	o.terminating = live.DeletionTimestamp != nil
	if !older(live.ResourceVersion, o.version) {
		o.version = live.ResourceVersion
	}
	if o.trouble == nil {
		return
	}
	o.trouble.told = false
	if o.trouble.finding != nil && !older(o.base, o.trouble.finding.version) {
		o.calm()
	}
}

// seen compares a state of the object that a watch shows. It names the autoscaler where one took over the number of replicas.
func (o *object) seen(live metav1.Object) (autoscaler string) {
	if older(live.GetResourceVersion(), o.base) {
		return "" // from before our own last write
	}
	o.version = live.GetResourceVersion()
	o.terminating = live.GetDeletionTimestamp() != nil
	now := imprintOf(live)
	if o.recalled != "" && !o.differs(now) {
		o.imprint, o.base, o.recalled = now, o.version, ""
	}
	switch {
	case live.GetLabels()[apply.PartOfLabel] != o.set.Value():
		o.found(finding{version: o.version, cause: Gone, by: lastWriter(live, nil)})
	case live.GetAnnotations()[reconcileAnnotation] == reconcileDisabled, !o.differs(now):
		o.calm()
	case o.recalled != "":
		o.found(finding{version: o.version, cause: Rewritten, by: lastWriter(live, nil)})
	default:
		return o.compare(live, now)
	}
	return ""
}

func (o *object) compare(live metav1.Object, now imprint) (autoscaler string) {
	gone := lost(o.imprint.fields.Value(), now.fields.Value())
	if by := autoscalerOf(live, gone); by != "" {
		o.imprint = now
		o.calm()
		return by
	}
	switch {
	case !gone.Empty():
		o.found(finding{version: o.version, cause: Fields, lost: paths(gone), by: lastWriter(live, gone)})
	case now.time != o.imprint.time:
		o.found(finding{version: o.version, cause: Rewritten})
	default:
		o.calm()
	}
	return ""
}

// gone takes in that a watch or a list shows, as of a version, that the object isn't there.
func (o *object) gone(version string) {
	if older(version, o.base) {
		return // we wrote it since
	}
	o.version, o.terminating, o.heard = version, false, nil
	o.found(finding{version: version, cause: Gone})
}

// calm forgets a finding.
func (o *object) calm() {
	if o.trouble == nil {
		return
	}
	o.trouble.finding, o.trouble.told = nil, false
	if o.trouble.timer != nil {
		o.trouble.timer.Stop()
		o.trouble.timer = nil
	}
}

// older reports whether resource version a is certainly from before b. They are comparable numbers for all that the API
// server stores itself (KEP-5504); of any others, what is heard last counts.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}
