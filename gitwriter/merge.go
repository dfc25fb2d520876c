package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/policy"
)

// merge merges, or has the forge merge, what this session has brought up to date and
// what may be merged without a person.
func (s *Session) merge(ctx context.Context) (results []Result) {
	if s.cfg.Waits != "" || s.pushOnly {
		return nil
	}
	for _, branch := range slices.Sorted(maps.Keys(s.written)) {
		done := s.written[branch]
		if s.mustWait() || ctx.Err() != nil {
			return results
		}
		if !done.mergeable() {
			continue
		}
		out := done.outcome
		merged, reason, err := s.mergeOne(ctx, done.update, out)
		switch {
		case err != nil:
			s.hear(err)
			results = append(results, Result{out, fmt.Errorf("merging pull request #%d: %w", out.PullRequest.Number, err)})
		case merged:
			out.Action, out.Reason = ActionMerged, reason
			results = append(results, Result{out, nil})
		case reason != "":
			s.w.cfg.Log.DebugContext(ctx, "not merged yet", "number", out.PullRequest.Number, "reason", reason)
		}
	}
	return results
}

// mergeable tells whether an update's pull request is current and of a level that needs
// no person.
func (w written) mergeable() bool {
	pull := w.outcome.PullRequest
	if w.err != nil || pull == nil || pull.State != forge.StateOpen || pull.Draft || w.outcome.Commit == "" {
		return false
	}
	switch w.outcome.Action {
	case ActionCreated, ActionUpdated, ActionUnchanged:
	default:
		return false
	}
	return w.automatic()
}

// automatic tells whether updates of its level are merged without a person.
func (w written) automatic() bool {
	level := 0
	for _, c := range w.outcome.Changes {
		level = max(level, automergeRank(c.Level))
	}
	return level <= allowed(w.update.Automerge)
}

// automergeRank is levelRank where no level at all is another digest of one version.
func automergeRank(level string) int {
	if level == "" {
		return 0
	}
	return levelRank(level)
}

// allowed is the greatest rank that is merged without a person.
func allowed(a policy.Automerge) int {
	switch a {
	case policy.AutomergePatch:
		return 0
	case policy.AutomergeMinor:
		return 1
	case policy.AutomergeAll:
		return 3
	}
	return -1
}

// mergeOne asks the forge to merge when its rules are met, once for each head; where it
// doesn't do that, it merges when the checks are green and nobody objects. The reason
// says how it was merged, or what it waits for.
func (s *Session) mergeOne(ctx context.Context, u Update, out Outcome) (merged bool, reason string, err error) {
	number, head := out.PullRequest.Number, string(out.Commit)
	if out.PullRequest.Automerge {
		return false, "the forge merges it when its rules are met", nil
	}
	req := s.mergeRequest(u, out)
	if asked := s.w.askedFor(number); asked != head && asked != byHand+head && asked != stopped+head {
		err := s.w.cfg.Forge.Automerge(ctx, number, req)
		switch {
		case err == nil:
			s.w.ask(number, head)
			asked := *out.PullRequest
			asked.Automerge, asked.AutomergeBy = true, asked.Author
			s.putAt(asked, out.Commit)
			return false, "the forge was asked to merge it when its rules are met", nil
		case errors.Is(err, forge.ErrUnsupported):
			s.w.ask(number, byHand+head)
		case !errors.Is(err, forge.ErrNotReady):
			return false, "", err
		}
	} else if asked != byHand+head {
		return false, "the forge was asked to merge this commit, and a person may have stopped it", nil
	}
	ready, err := s.w.cfg.Forge.Readiness(ctx, number)
	switch {
	case err != nil:
		return false, "", err
	case ready.HeadSHA != head:
		return false, "its branch has moved", nil
	case ready.Checks != forge.ChecksSuccess:
		return false, "its checks: " + string(ready.Checks), nil
	case ready.ChangesRequested:
		return false, "a reviewer wants changes", nil
	case !ready.Mergeable:
		return false, ready.Reason, nil
	}
	if news, err := s.listenAgain(ctx); err != nil || news {
		return false, "something has changed at the forge", err
	}
	pull, err := s.w.cfg.Forge.Merge(ctx, number, req)
	if errors.Is(err, forge.ErrNotReady) {
		return false, "the forge doesn't merge it yet", nil
	}
	if err != nil {
		return false, "", err
	}
	s.put(pull)
	return true, "its checks are green, and updates of its level are merged without a person", nil
}

// mergeRequest says how to merge. A squashed commit keeps the trailers, which the
// history is read by.
func (s *Session) mergeRequest(u Update, out Outcome) forge.MergeRequest {
	req := forge.MergeRequest{Method: forge.MergeMethod(u.MergeMethod), SHA: string(out.Commit)}
	if req.Method == "" {
		req.Method = forge.MergeCommit
	}
	if made, err := s.w.cfg.Repo.CommitInfo(out.Commit); err == nil && req.Method == forge.MergeSquash {
		_, rest, _ := strings.Cut(strings.TrimSpace(made.Message), "\n")
		req.Title, req.Message = fmt.Sprintf("%s (#%d)", out.PullRequest.Title, out.PullRequest.Number), strings.TrimSpace(rest)
	}
	return req
}

// Marks of what is remembered of a head: the forge doesn't merge it by itself, or was
// kept from that.
const (
	byHand  = "by hand: "
	stopped = "stopped: "
)

func (w *Writer) askedFor(number int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[number]
}

func (w *Writer) ask(number int, head string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[number] = head
}
