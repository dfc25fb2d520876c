package reconciler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// source gives what is known of the repository, and whether there is anything to apply.
func (w *work) source(ctx context.Context) (snapshot, bool) {
	spec := w.sync.Spec.Source
	ref, err := refOf(w.sync)
	if err != nil {
		w.answer()
		w.stall(ctx, attempt{}, v1.ReasonGitFailed, fmt.Errorf("reading spec.source: %w", err))
		return snapshot{}, false
	}
	creds, err := w.vault.credentials(ctx, w.sync, w.st.credentialsFailed)
	if err != nil {
		w.st.sourceBad = true
		w.answer()
		w.later(ctx, v1.ReasonAuthentication, err)
		return snapshot{}, false
	}
	key := sourceKey{url: spec.URL, identity: creds.identity, ref: ref}
	source, err := w.sources.use(w.st.key, key, creds.auth, w.sync.Spec.Interval.Duration)
	if err != nil {
		w.answer()
		w.stall(ctx, attempt{}, v1.ReasonGitFailed, err)
		return snapshot{}, false
	}
	if w.st.credentialsFailed = source.failedAt; !credentialsDoubted(source.err) {
		w.st.credentialsFailed = time.Time{}
	}
	if source.polls == 0 || !w.answered(source) {
		if w.st.status.ObservedGeneration != w.sync.Generation { // what is said so far is of another spec
			w.board().working(fmt.Sprintf("asking %s for %s", spec.URL, ref))
		}
		return source, false
	}
	w.sourceFailed(ctx, source)
	return source, source.revision != ""
}

// answered tells whether the poll that a person asked for by annotation is done.
func (w *work) answered(source snapshot) bool {
	value := w.sync.Annotations[v1.AnnotationRequestedAt]
	if value == "" || value == w.st.status.LastHandledReconcileAt {
		return true
	}
	if w.st.requested.value != value {
		w.st.requested = request{value: value, ticket: w.sources.ticket(w.st.key)}
	}
	if source.polls < w.st.requested.ticket {
		return false
	}
	if source.err != nil {
		w.answer()
	}
	return true
}

// sourceFailed shows the failure of a poll. One hiccup of a server is not worth a
// condition where there is a revision to stand by.
func (w *work) sourceFailed(ctx context.Context, source snapshot) {
	if source.err == nil {
		if w.st.sourceBad {
			w.st.sourceBad = false
			w.st.done = attempt{} // the conditions speak of the source: say again how the revision fares
		}
		return
	}
	if errors.Is(source.err, gitrepo.ErrUnavailable) && source.failures < 2 && source.revision != "" {
		return
	}
	reason, message := sourceTrouble(source)
	w.st.sourceBad = true
	if w.news("source", reason+masked(message)) || !is(&w.st.status, v1.ConditionReady, reason) {
		w.board().failed(reason, message)
		w.tell(ctx, event{warning, reason, message})
	}
}

// credentialsDoubted tells whether a failure may be one of the Secret: of the credential,
// of known_hosts, of the authority or the proxy. A forge that hides a repository says that
// there is none. What the repository lacks and a server's troubles aren't.
func credentialsDoubted(err error) bool {
	for _, other := range []error{
		gitrepo.ErrUnavailable, gitrepo.ErrEmptyRepository, gitrepo.ErrBranchNotFound, gitrepo.ErrTagNotFound,
		gitrepo.ErrNoTagInRange, gitrepo.ErrCommitNotFound, gitrepo.ErrTooLarge,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return err != nil
}

// sourceTrouble says what is wrong with a source, what a person may do about it, and that
// what is applied stays.
func sourceTrouble(source snapshot) (reason, message string) {
	reason = v1.ReasonGitFailed
	var hint string
	switch err := source.err; {
	case errors.Is(err, gitrepo.ErrAuth):
		reason, hint = v1.ReasonAuthentication, "put a credential that works into the Secret; it is read again by itself"
	case errors.Is(err, gitrepo.ErrHostKey):
		reason = v1.ReasonAuthentication
	case errors.Is(err, gitrepo.ErrEmptyRepository):
		hint = "push a commit, or name another repository"
	case errors.Is(err, gitrepo.ErrRepositoryNotFound):
		hint = "the repository is gone or renamed, or the credential may not see it"
	case errors.Is(err, gitrepo.ErrBranchNotFound):
		hint = "the branch was deleted or renamed: push it, or set spec.source.branch"
	case errors.Is(err, gitrepo.ErrTagNotFound):
		hint = "the tag was deleted or not pushed yet"
	case errors.Is(err, gitrepo.ErrNoTagInRange):
		hint = "tags count that are versions, such as v1.2.3; prereleases where the range names one"
	}
	message = source.err.Error()
	if source.revision != "" {
		message += "; what is applied stays as it is"
	}
	if hint != "" {
		message += " (hint: " + hint + ")"
	}
	return reason, message
}
