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
	if err := u.check(); err != nil {
		return Preview{}, err
	}
	p, err := w.prepare(ctx, u)
	if err != nil {
		return Preview{}, fmt.Errorf("previewing update %q: %w", u.Group, err)
	}
	view := Preview{Outcome: Outcome{Action: ActionNothing, Branch: branchName(u), Base: p.base, Key: p.key, Changes: p.changes, Reason: reasonNothing}}
	if u.Mode == ModeCommit {
		view.Branch = u.Base
	}
	if len(p.changes) == 0 {
		return view, nil
	}
	view.Title, view.Message = title(u, p.changes), p.commit.Message
	if view.Diff, err = diff(p); err != nil {
		return Preview{}, fmt.Errorf("previewing update %q: %w", u.Group, err)
	}
	if u.Mode == ModeCommit {
		view.Action, view.Reason = ActionCommitted, "the policy's mode asks for commits on the base branch"
		return view, nil
	}
	f, err := w.look(ctx, u, p)
	if err != nil {
		return Preview{}, fmt.Errorf("previewing update %q: %w", u.Group, err)
	}
	todo := decide(f)
	view.Action, view.Reason, view.PullRequest = todo.action, todo.reason, todo.pull
	view.Title, view.Body = f.title, f.body
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
