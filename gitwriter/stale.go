package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// orphanAge is how old the head of a branch without any pull request must be before it
// is deleted: another bot may be about to open one.
const orphanAge = time.Hour

// deleteStale deletes branches of ours that nobody needs any more. What has a head that
// we didn't make stays, and what a person closed.
func (s *Session) deleteStale(ctx context.Context, fate func(string) Fate, dry bool) (results []Result) {
	if !s.pushOnly && s.heardAt.IsZero() {
		return nil
	}
	heads := s.w.cfg.Repo.KnownBranches()
	for _, branch := range slices.Sorted(maps.Keys(heads)) {
		if !strings.HasPrefix(branch, s.cfg.BranchPrefix) || branch == s.cfg.Base || s.w.isRefused(branch, heads[branch]) || ctx.Err() != nil {
			continue
		}
		reason, err := s.staleBranch(ctx, branch, heads[branch], fate)
		if err == nil && reason == "" {
			continue
		}
		if err == nil && !dry {
			err = s.remove(ctx, branch, heads[branch])
		}
		if err != nil {
			err = fmt.Errorf("deleting branch %q: %w", branch, err)
		}
		out := Outcome{Action: ActionDeleted, Group: s.groupAt(branch, heads[branch]), Branch: branch, Commit: heads[branch], Reason: reason}
		results = append(results, Result{out, err})
	}
	return results
}

// remove deletes a branch, if it is still as it was looked at. A refusal is told once:
// nobody asks the remote for it each round.
func (s *Session) remove(ctx context.Context, branch string, head gitrepo.Hash) error {
	err := s.w.cfg.Repo.DeleteBranch(ctx, branch, head)
	switch {
	case errors.Is(err, gitrepo.ErrRejected):
		return nil // somebody has pushed meanwhile: it is theirs
	case errors.Is(err, gitrepo.ErrRefused):
		s.w.mu.Lock()
		defer s.w.mu.Unlock()
		s.w.refused[branch] = head
		return fmt.Errorf("%w (hint: let the bot delete branches that begin with %q, or have the forge delete them after a merge)", err, s.cfg.BranchPrefix)
	}
	return err
}

func (w *Writer) isRefused(branch string, head gitrepo.Hash) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused[branch] == head
}

// staleBranch says why nobody needs a branch; "" where somebody may.
func (s *Session) staleBranch(ctx context.Context, branch string, head gitrepo.Hash, fate func(string) Fate) (string, error) {
	all := s.pullsOf(branch)
	reason, last := "", forge.PullRequest{}
	for _, pull := range all {
		switch {
		case pull.State == forge.StateOpen:
			return "", nil
		case reason == "" && pull.State == forge.StateMerged && pull.HeadSHA == string(head):
			reason = fmt.Sprintf("pull request #%d was merged", pull.Number)
		}
		if pull.Number > last.Number {
			last = pull
		}
	}
	if reason == "" && len(all) > 0 {
		if !closedByUs(last) {
			return "", nil
		}
		reason = fmt.Sprintf("pull request #%d was closed, since nothing was left to do", last.Number)
	}
	made, err := s.head(ctx, branch)
	if err != nil || made == nil || made.Hash != head || !s.w.made(*made) {
		return "", err
	}
	if reason != "" {
		return reason, nil
	}
	return s.orphan(branch, *made, fate), nil
}

// groupAt tells whose a branch was, as far as pull requests, the head or the name say so.
func (s *Session) groupAt(branch string, head gitrepo.Hash) string {
	for _, pull := range s.pullsOf(branch) {
		group, _ := s.groupOf(pull)
		return group
	}
	if made, err := s.w.cfg.Repo.CommitInfo(head); err == nil {
		if group := ParseTrailers(made.Message).Group; group != "" {
			return group
		}
	}
	return strings.TrimPrefix(branch, s.cfg.BranchPrefix)
}

// pullsOf gives all pull requests of a branch, to whatever base.
func (s *Session) pullsOf(branch string) []forge.PullRequest {
	if s.pushOnly {
		return nil
	}
	return s.book.Of(branch, "")
}

// orphan says why a branch goes that never had a pull request.
func (s *Session) orphan(branch string, head gitrepo.CommitInfo, fate func(string) Fate) string {
	told := ParseTrailers(head.Message)
	if _, ok := s.written[branch]; ok || told.Scope != s.cfg.Scope || s.w.cfg.Now().Sub(head.Committer.When) < orphanAge {
		return ""
	}
	group, ok := told.Group, told.Group != ""
	if !ok {
		group, ok = groupOfBranch(s.cfg.BranchPrefix, branch)
	}
	if !ok {
		return ""
	}
	if f := fate(group); f.Gone {
		return f.Reason
	}
	return ""
}
