package gitwriter

import (
	"cmp"
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
	if !s.pushOnly && (s.heardAt.IsZero() || !s.book.Complete()) {
		return nil // a branch without a pull request may have one
	}
	heads := s.w.cfg.Repo.KnownBranches()
	for _, branch := range slices.Sorted(maps.Keys(heads)) {
		if !strings.HasPrefix(branch, s.cfg.BranchPrefix) || branch == s.cfg.Base || s.w.isRefused(branch, heads[branch]) || s.mustWait() || ctx.Err() != nil {
			continue
		}
		reason, err := s.staleBranch(ctx, branch, heads[branch], fate)
		if err == nil && reason != "" && !dry {
			reason, err = s.stillStale(ctx, branch, heads[branch], fate, reason)
		}
		if err == nil && reason == "" {
			continue
		}
		out := Outcome{Action: ActionDeleted, Group: s.groupAt(branch), Branch: branch, Commit: heads[branch], Reason: reason}
		if err == nil && !dry {
			err = s.remove(ctx, branch, heads[branch])
		}
		if err != nil {
			err = fmt.Errorf("deleting branch %q: %w", branch, err)
		}
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
	reason, needed := ended(s.pullsOf(branch), head)
	if needed {
		return "", nil
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

// stillStale asks the forge again: it closes what is proposed from a branch that goes.
func (s *Session) stillStale(ctx context.Context, branch string, head gitrepo.Hash, fate func(string) Fate, reason string) (string, error) {
	news, err := s.listenAgain(ctx)
	if err != nil || !news {
		return reason, err
	}
	return s.staleBranch(ctx, branch, head, fate)
}

// ended says which pull request of a branch, newest first, has ended so that nobody
// needs the head any more. Open ones need it, and what a person closed may be opened
// again. Neither: no pull request has had that head.
func ended(all []forge.PullRequest, head gitrepo.Hash) (reason string, needed bool) {
	for i, pull := range all {
		had := pull.HeadSHA == string(head)
		switch {
		case pull.State == forge.StateOpen:
			return "", true
		case had && pull.State == forge.StateMerged:
			reason = cmp.Or(reason, fmt.Sprintf("pull request #%d was merged", pull.Number))
		case had && closedByUs(pull):
			reason = cmp.Or(reason, fmt.Sprintf("pull request #%d was closed, since nothing was left to do", pull.Number))
		case i == 0 && pull.State == forge.StateClosed && !closedByUs(pull):
			needed = true
		}
	}
	return reason, needed
}

// groupAt tells whose a branch is, as far as pull requests, the head or the name say so.
func (s *Session) groupAt(branch string) string {
	pull := forge.PullRequest{Head: branch}
	if all := s.pullsOf(branch); len(all) > 0 {
		pull = all[0]
	}
	group, _ := s.groupOf(pull)
	return group
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
