package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

// Types of events.
const (
	normal  = corev1.EventTypeNormal
	warning = corev1.EventTypeWarning
)

// maxNote is the API's bound on the text of an event.
const maxNote = 1000

// event is something that a person may want to know.
type event struct {
	kind, reason, note string
}

// tell makes an event and a line in the log.
func (w *work) tell(ctx context.Context, e event) {
	w.events.Event(w.sync, e.kind, e.reason, shorten(e.note, maxNote))
	level := slog.LevelInfo
	if e.kind == warning {
		level = slog.LevelWarn
	}
	w.Log.Log(ctx, level, "Sync", "sync", w.st.key.String(), "reason", e.reason, "note", e.note)
}

// say tells of a subject, unless the same was said of it last.
func (w *work) say(ctx context.Context, subject, text string, e event) {
	if w.news(subject, text) {
		w.tell(ctx, e)
	}
}

// tellTaken names who had given fields other values before an apply took them: they may
// wonder, or do it again.
func (w *work) tellTaken(ctx context.Context, did apply.Result) {
	var taken []string
	for _, o := range did.Outcomes {
		for _, c := range o.Conflicts {
			taken = append(taken, fmt.Sprintf("%s of %s from %s", strings.Join(first(c.Fields, 5), ", "), o.Ref, cmp.Or(c.Manager, "an unknown manager")))
		}
	}
	if len(taken) > 0 {
		note := "took " + strings.Join(first(taken, shownErrors), "; ")
		w.say(ctx, "taken", note, event{normal, v1.ReasonFieldsTaken, note})
	}
}

// news notes what is known of a subject and tells whether it differs from before.
func (w *work) news(subject, text string) bool {
	if w.st.said[subject] == text {
		return false
	}
	w.st.said[subject] = text
	return true
}

// report tells the forge how a revision fares, unless it knows.
func (w *work) report(revision string, state State, description string) {
	sha := string(revisionHash(revision))
	if !w.news("forge", sha+string(state)+description) {
		return
	}
	w.reports.send(w.sync.Spec.Source.URL, sha, Status{
		Context: fmt.Sprintf("towline/%s/%s", w.sync.Namespace, w.sync.Name), State: state, Description: description,
	})
}

// unhurriedWrite is how long the status of a Sync that a commit doesn't change may
// wait, give or take, so that a Sync that it does change goes first.
const unhurriedWrite = 2 * time.Second

// write brings the status to the API server where it differs from what stands
// there. A failure to do so is tried again; the status is kept in memory.
func (w *work) write(ctx context.Context) {
	w.st.status.ObservedGeneration = w.sync.Generation
	w.metrics.state(w.sync, w.st)
	if equality.Semantic.DeepEqual(w.st.status, w.st.written) {
		w.st.writeAt = time.Time{}
		return
	}
	if w.unhurried && w.st.writeAt.IsZero() {
		w.st.writeAt = w.now.Add(spread(unhurriedWrite))
	}
	if w.unhurried && w.now.Before(w.st.writeAt) {
		w.by(w.st.writeAt)
		return
	}
	w.st.writeAt = time.Time{}
	before := w.sync.DeepCopy()
	before.Status = *w.st.written.DeepCopy()
	err := w.patchStatus(ctx, before, w.st.status)
	switch {
	case err == nil:
		w.st.written = *w.st.status.DeepCopy()
		w.st.writes.reset()
		delete(w.st.said, "write")
		w.step("status written")
	case apierrors.IsNotFound(err): // deleted in the meantime
	default:
		w.by(w.Now().Add(w.st.writes.next()))
		if w.news("write", masked(err.Error())) {
			w.Log.WarnContext(ctx, "writing the status", "sync", w.st.key.String(), "error", err)
		}
	}
}

// seen fills what was said from a status that was read: after a restart nobody is
// told again that all is well. The forge is: it may have been away before.
func seen(s *v1.Sync) map[string]string {
	said := map[string]string{}
	if isTrue(&s.Status, v1.ConditionReady) {
		said["health"] = s.Status.LastAppliedRevision
	}
	return said
}

// healthyDescription is the commit status of a revision that is where it should be.
const healthyDescription = "applied and healthy"
