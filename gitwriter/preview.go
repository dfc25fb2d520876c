package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// Preview is what Write would do.
type Preview struct {
	Outcome
	// Title and Body are the pull request's; empty where Action is ActionNothing.
	Title, Body string
	// Message is the commit's.
	Message string
	// Diff is the unified diff of all files, in the order of their paths.
	Diff string
}

// Preview computes what Write would do, and changes nothing anywhere: it fetches, and
// lists pull requests.
func (w *Writer) Preview(ctx context.Context, u Update) (Preview, error) {
	s, err := w.alone(u)
	if err != nil {
		return Preview{}, err
	}
	return s.preview(ctx, u)
}

func (s *Session) preview(ctx context.Context, u Update) (Preview, error) {
	if err := u.check(); err != nil {
		return Preview{}, err
	}
	u.scope = s.cfg.Scope
	view, err := s.previewed(ctx, u)
	if err != nil {
		s.hear(err)
		return Preview{}, fmt.Errorf("previewing update %q: %w", u.Group, err)
	}
	return view, nil
}

func (s *Session) previewed(ctx context.Context, u Update) (Preview, error) {
	p, err := s.prepare(ctx, u)
	if err != nil {
		return Preview{}, err
	}
	view := Preview{Outcome: Outcome{
		Action: ActionNothing, Group: u.Group, Branch: branchName(u), Base: p.base, Key: p.key, Changes: p.changes, Reason: reasonNothing,
	}}
	if u.Mode == ModeCommit {
		view.Branch = u.Base
	}
	if len(p.changes) == 0 {
		return view, nil
	}
	view.Message = p.commit.Message
	if view.Diff, err = diff(p); err != nil {
		return Preview{}, err
	}
	if u.Mode == ModeCommit {
		view.Title = title(u, p.changes)
		view.Action, view.Reason = ActionCommitted, "the policy's mode asks for commits on the base branch"
		if s.cfg.Waits != "" {
			view.Action, view.Reason = ActionWaiting, s.cfg.Waits
		}
		return view, nil
	}
	f, todo, err := s.decide(ctx, u, p)
	if err != nil {
		return Preview{}, err
	}
	if view.Title, view.Body, err = s.text(ctx, u, p, f, p.base); err != nil {
		return Preview{}, err
	}
	view.Body = withState(view.Body, todo.state)
	view.Action, view.Reason, view.PullRequest = todo.action, todo.reason, todo.pull
	if f.branch != nil {
		view.Commit = f.branch.Hash
	}
	if todo.create && f.pushOnly {
		view.Outcome = withoutForge(view.Outcome, todo.push)
	}
	return view, nil
}

func diff(p prepared) (string, error) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.commit.Files)) {
		old, err := fs.ReadFile(p.baseFS, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		b.WriteString(edit.UnifiedDiff(name, old, p.commit.Files[name]))
	}
	return b.String(), nil
}
