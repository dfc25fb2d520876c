package reconciler

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/internal/gitrepo"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// attempt is everything that decides what an attempt does. The same attempt is
// not made again unless it failed.
type attempt struct {
	revision   string
	generation int64
	requested  string
	consent    string
	inputs     string // inputs.key
}

// attempt makes the cluster equal to a revision, unless that is done: it begins a
// course, or takes up the one under way where it waits.
func (w *work) attempt(ctx context.Context, source snapshot) {
	in, ok := w.takeInputs(ctx)
	if !ok {
		return
	}
	a := attempt{
		revision: source.name(), generation: w.sync.Generation, inputs: in.key,
		requested: w.sync.Annotations[v1.AnnotationRequestedAt], consent: w.sync.Annotations[v1.AnnotationConsent],
	}
	if c := w.st.course; c != nil && c.of == a {
		if c.awaits == nil {
			w.advance(ctx, c)
		}
		return
	}
	w.st.abort() // something newer is asked for
	if a == w.st.done || a == w.st.tried && !w.st.retryAt.IsZero() {
		return
	}
	if !w.dependenciesReady(ctx, source) {
		return
	}
	w.answer()
	if err := w.readRules(); err != nil {
		w.stall(ctx, a, v1.ReasonInvalidSpec, err)
		return
	}
	applier, err := w.identities.of(w.sync)
	if err != nil {
		w.stall(ctx, a, v1.ReasonImpersonation, err)
		return
	}
	if a != w.st.tried {
		w.st.retry.reset()
	}
	w.st.tried, w.st.retryAt = a, time.Time{}
	w.st.status.LastAttemptedRevision = a.revision
	w.begin(ctx, &course{of: a, applier: applier, source: source, inputs: in, start: w.Now()})
}

// answer says that the request which a person made by annotation was looked at: what the
// conditions tell is the answer to it.
func (w *work) answer() {
	w.st.status.LastHandledReconcileAt = w.sync.Annotations[v1.AnnotationRequestedAt]
}

// takeInputs gives the inputs of the build. What was said of them while they were
// missing is unsaid once they are there.
func (w *work) takeInputs(ctx context.Context) (inputs, bool) {
	if w.st.inputsBad && !w.st.retryAt.IsZero() {
		return inputs{}, false
	}
	in, err := w.inputs(ctx)
	if err != nil {
		w.st.inputsBad = true
		w.answer()
		w.later(ctx, v1.ReasonInputFailed, err)
		return in, false
	}
	if w.st.inputsBad {
		w.st.inputsBad = false
		w.st.done = attempt{}
	}
	if in.outside {
		w.by(in.until)
	}
	return in, true
}

// superseded tells whether something newer than a course is asked for: another
// revision, another spec, or nothing at all any more.
func (w *work) superseded(ctx context.Context, c *course) bool {
	if revision, ok := w.sources.newest(w.st.key); ok && revision != c.source.revision {
		return true
	}
	var now v1.Sync
	err := w.client.Get(ctx, client.ObjectKeyFromObject(w.sync), &now)
	return err == nil && (now.Generation != c.of.generation || !now.DeletionTimestamp.IsZero())
}

// wasReady tells whether the Sync was ready at this revision and generation.
func (w *work) wasReady(a attempt) bool {
	return isTrue(&w.st.status, v1.ConditionReady) && w.st.status.LastAppliedRevision == a.revision &&
		w.st.status.ObservedGeneration == a.generation
}

// rewritten says, for a person, that the history of what is to be applied doesn't hold
// the commit that was applied last: it was pushed over, or the repository is another
// one. It is empty where all is well, or where a person named another branch, tag or
// commit in the Sync.
func (w *work) rewritten(ctx context.Context, c *course) (string, error) {
	last := w.st.status.LastAppliedRevision
	older := revisionHash(last)
	if older == "" || older == c.source.revision || w.ledElsewhere(last, c.of.revision) {
		return "", nil
	}
	descent, err := c.source.history(ctx, older)
	if err != nil {
		return "", fmt.Errorf("comparing with %s, which was applied last: %w", last, err)
	}
	if descent == gitrepo.DescentContains {
		return "", nil
	}
	if descent == gitrepo.DescentUnknown {
		return fmt.Sprintf("whether the history of %s holds %s, which was applied last, can't be told", c.of.revision, older), nil
	}
	return fmt.Sprintf("the history of %s doesn't hold %s, which was applied last", c.of.revision, older), nil
}

// ledElsewhere tells whether a person had the Sync follow something else since: two
// revisions of one branch differ in their commits alone. The tags of a range differ
// by themselves.
func (w *work) ledElsewhere(last, next string) bool {
	if w.sync.Spec.Source.Semver != "" {
		return false
	}
	before, _, _ := strings.Cut(last, string(revisionHash(last)))
	after, _, _ := strings.Cut(next, string(revisionHash(next)))
	return before != after || w.sync.Spec.Source.Commit != ""
}

// newest gives the revision of a Sync's source that was fetched last.
func (s *sources) newest(user types.NamespacedName) (gitrepo.Hash, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.users[user]
	if f == nil {
		return "", false
	}
	return f.at.Commit, true
}
