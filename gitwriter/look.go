package gitwriter

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// maxBranch is how many commits of a branch are looked at for the last one of ours.
const maxBranch = 50

// look gathers what deciding needs: of the branch from Git, of the pull requests from
// what the forge said.
func (s *Session) look(ctx context.Context, u Update, p prepared) (facts, error) {
	f := facts{now: s.w.cfg.Now(), key: p.key, base: p.base, rebase: u.Rebase, waits: s.cfg.Waits}
	if err := s.listen(ctx); err != nil {
		return facts{}, err
	}
	f.pushOnly = s.pushOnly
	head, err := s.head(ctx, branchName(u))
	if err != nil {
		return facts{}, err
	}
	if f.branch = head; head != nil {
		if err := s.lookAtBranch(ctx, u, p, &f); err != nil {
			return facts{}, err
		}
	}
	if f.pushOnly {
		return f, nil
	}
	return f, s.lookAtForge(ctx, u, &f)
}

// head gives a branch's head as the remote said last; nil where there is no branch.
func (s *Session) head(ctx context.Context, branch string) (*gitrepo.CommitInfo, error) {
	head, ok := s.w.cfg.Repo.Known(branch)
	if !ok {
		return nil, nil
	}
	info, err := s.w.cfg.Repo.CommitInfo(head)
	if errors.Is(err, gitrepo.ErrNotFetched) {
		if head, err = s.w.cfg.Repo.Fetch(ctx, branch); err == nil {
			info, err = s.w.cfg.Repo.CommitInfo(head)
		}
	}
	switch {
	case errors.Is(err, gitrepo.ErrBranchNotFound): // deleted a moment ago
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &info, nil
}

// made tells whether a commit is one of ours, by committer and trailers.
func (w *Writer) made(c gitrepo.CommitInfo) bool {
	return c.Committer.Email == w.cfg.CommitterEmail && ParseTrailers(c.Message).Key != ""
}

func (s *Session) lookAtBranch(ctx context.Context, u Update, p prepared, f *facts) (err error) {
	f.ours = s.w.made(*f.branch)
	if f.newest, err = s.newest(*f.branch); err != nil || !f.ours {
		return err
	}
	if f.unsigned, err = s.unsigned(f.branch.Hash); err != nil {
		return err
	}
	f.proposed = ParseTrailers(f.branch.Message).Key
	if f.proposed != f.key || len(f.branch.Parents) != 1 {
		return nil
	}
	parent := f.branch.Parents[0]
	if parent == f.base {
		f.content = f.branch.Tree == p.tree
		return nil
	}
	if u.Rebase != policy.RebaseConflict && u.Rebase != policy.RebaseNever {
		f.content = true // it is built anew whatever it holds
		return nil
	}
	files, err := s.w.cfg.Repo.FS(f.branch.Hash)
	if err != nil {
		return err
	}
	if f.content, err = holds(files, p.commit.Files); err != nil || u.Rebase != policy.RebaseConflict {
		return err
	}
	f.conflict, err = s.conflicts(ctx, branchName(u), parent, p)
	return err
}

// newest is the date of the newest commit on a branch, back to the last one of ours:
// what was asked before that has been answered. People's dates that are still to come
// don't count. Where a person has put the branch elsewhere, only the head tells.
func (s *Session) newest(head gitrepo.CommitInfo) (newest time.Time, err error) {
	if s.w.made(head) {
		return head.Committer.When, nil
	}
	log, err := s.w.cfg.Repo.Log(head.Hash, maxBranch)
	if err != nil {
		return time.Time{}, err
	}
	for _, c := range log {
		made := s.w.made(c)
		if when := c.Committer.When; when.After(newest) && (made || !when.After(s.w.cfg.Now())) {
			newest = when
		}
		if made {
			return newest, nil
		}
	}
	return head.Committer.When, nil
}

// holds tells whether files have these contents.
func holds(files fs.FS, contents map[string][]byte) (bool, error) {
	for name, want := range contents {
		got, err := fs.ReadFile(files, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err != nil:
			return false, err
		case !bytes.Equal(got, want):
			return false, nil
		}
	}
	return true, nil
}

// conflicts tells whether the base has changed a file, since the branch was made, that
// the branch changes. Where that can't be known, the branch is better built anew.
func (s *Session) conflicts(ctx context.Context, branch string, parent gitrepo.Hash, p prepared) (bool, error) {
	before, err := s.w.cfg.Repo.FS(parent)
	if errors.Is(err, gitrepo.ErrNotFetched) {
		if _, err := s.w.cfg.Repo.Deepen(ctx, branch, 2); err != nil {
			return false, err
		}
		before, err = s.w.cfg.Repo.FS(parent)
	}
	switch {
	case errors.Is(err, gitrepo.ErrNotFetched):
		return true, nil
	case err != nil:
		return false, err
	}
	now := map[string][]byte{}
	for name := range p.commit.Files {
		if now[name], err = fs.ReadFile(p.baseFS, name); err != nil {
			return errors.Is(err, fs.ErrNotExist), ignoreNotExist(err)
		}
	}
	same, err := holds(before, now)
	return !same, err
}

func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// unsigned tells whether a commit lacks the signature that it would have by now: it was
// made before there was a key, with another key, or by somebody who poses as us.
func (s *Session) unsigned(commit gitrepo.Hash) (bool, error) {
	if s.w.cfg.Signer == nil {
		return false, nil
	}
	payload, signature, err := s.w.cfg.Repo.Signed(commit)
	if err != nil {
		return false, err
	}
	return len(signature) == 0 || s.w.cfg.Signer.Verify(payload, signature) != nil, nil
}

func (s *Session) lookAtForge(ctx context.Context, u Update, f *facts) (err error) {
	for _, pull := range s.book.Of(branchName(u), u.Base) {
		switch {
		case pull.State == forge.StateOpen && f.open == nil:
			f.open = &pull
		case pull.State == forge.StateMerged && f.branch != nil && pull.HeadSHA == string(f.branch.Hash):
			f.spent = true
		}
	}
	if f.open != nil {
		if f.orders, err = s.book.Orders(ctx, f.open.Number); err != nil {
			return err
		}
		f.freed = s.freed(*f.open, f.key, f.orders)
	}
	f.full = s.full()
	f.retake = s.board.ticked(dashboard.Rebase, f.key)
	ended, ok := s.known().ended[f.key]
	if !ok || f.open != nil && bodyKey(f.open.Body) == f.key {
		return nil
	}
	f.ended = &ended
	f.released, err = s.released(ctx, u, f.ended)
	return err
}

// freed tells whether a box on the dashboard has ended the hold that stands, now or
// before. Another hold is another one.
func (s *Session) freed(pull forge.PullRequest, key string, o pulls.Orders) bool {
	if o.HeldUntil.IsZero() {
		return false
	}
	return s.board.ticked(dashboard.Release, key) || s.board.ticked(dashboard.Release, bodyKey(pull.Body)) ||
		strings.Contains(bodyState(pull.Body), freedMark(o.HeldUntil))
}

// released tells whether somebody wants a set proposed again that was merged or closed.
func (s *Session) released(ctx context.Context, u Update, ended *forge.PullRequest) (bool, error) {
	if u.Released && ended.State == forge.StateMerged || s.board.ticked(dashboard.Release, bodyKey(ended.Body)) {
		return true, nil
	}
	orders, err := s.book.Orders(ctx, ended.Number)
	return orders.ReleasedAt.After(ended.ClosedAt), err
}
