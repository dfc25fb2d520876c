package gitwriter

import (
	"context"
	"errors"
	"fmt"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// propose is ModePullRequest: look, decide, do.
func (w *Writer) propose(ctx context.Context, u Update) (Outcome, error) {
	p, err := w.prepare(ctx, u)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Action: ActionNothing, Branch: branchName(u), Base: p.base, Key: p.key, Changes: p.changes, Reason: reasonNothing}
	if len(p.changes) == 0 {
		return out, nil
	}
	f, err := w.look(ctx, u, p)
	if err != nil {
		return Outcome{}, err
	}
	return w.carryOut(ctx, u, p, f, decide(f), out)
}

// look asks the forge for the branch's pull requests, and Git for its head: what the
// fetch of the base just heard.
func (w *Writer) look(ctx context.Context, u Update, p prepared) (facts, error) {
	f := facts{key: p.key, base: p.base, tree: p.tree}
	var err error
	if f.title, err = w.titleOf(u, p.changes); err != nil {
		return facts{}, err
	}
	intro, err := w.introOf(u, p.changes)
	if err != nil {
		return facts{}, err
	}
	branch := branchName(u)
	f.pushOnly = w.cfg.Forge == nil
	if !f.pushOnly {
		pulls, err := w.cfg.Forge.List(ctx, forge.Filter{Head: branch, Base: u.Base})
		f.pushOnly = errors.Is(err, forge.ErrUnsupported)
		if err != nil && !f.pushOnly {
			return facts{}, err
		}
		f.pulls = pulls
	}
	f.body = body(bodyData{key: p.key, group: u.Group, changes: p.changes, earlier: earlierVersions(f.pulls, p.key), intro: intro, now: w.cfg.Now()})
	head, ok := w.cfg.Repo.Known(branch)
	if !ok {
		return f, nil
	}
	info, err := w.cfg.Repo.CommitInfo(head)
	if errors.Is(err, gitrepo.ErrNotFetched) {
		if head, err = w.cfg.Repo.Fetch(ctx, branch); err == nil {
			info, err = w.cfg.Repo.CommitInfo(head)
		}
	}
	switch {
	case errors.Is(err, gitrepo.ErrBranchNotFound): // deleted a moment ago
		return f, nil
	case err != nil:
		return facts{}, err
	}
	f.branch = &info
	f.ours = info.Committer.Email == w.cfg.CommitterEmail && ParseTrailers(info.Message).Key != ""
	f.unsigned, err = w.unsigned(head)
	return f, err
}

// unsigned tells whether a commit lacks the signature that it would have by now: it was
// made before there was a key, with another key, or by somebody who poses as us.
func (w *Writer) unsigned(commit gitrepo.Hash) (bool, error) {
	if w.cfg.Signer == nil {
		return false, nil
	}
	payload, signature, err := w.cfg.Repo.Signed(commit)
	if err != nil {
		return false, err
	}
	return len(signature) == 0 || w.cfg.Signer.Verify(payload, signature) != nil, nil
}

// earlierVersions is what the open pull request proposes so far.
func earlierVersions(pulls []forge.PullRequest, key string) map[string]string {
	for _, pull := range pulls {
		if pull.State == forge.StateOpen && bodyKey(pull.Body) != key {
			return bodyVersions(pull.Body)
		}
	}
	return nil
}

// carryOut does the plan's steps. Each leaves a state from which decide finds the
// rest: a pushed branch without a pull request, or with an old text.
func (w *Writer) carryOut(ctx context.Context, u Update, p prepared, f facts, todo plan, out Outcome) (Outcome, error) {
	out.Action, out.Reason, out.PullRequest = todo.action, todo.reason, todo.pull
	var lease gitrepo.Hash
	if f.branch != nil {
		lease, out.Commit = f.branch.Hash, f.branch.Hash
	}
	if todo.push {
		commit, err := w.cfg.Repo.Commit(p.commit)
		if err != nil {
			return Outcome{}, err
		}
		if err := w.push(ctx, gitrepo.PushRequest{Commit: commit, Branch: out.Branch, Expect: lease}); err != nil {
			return Outcome{}, err
		}
		out.Commit = commit
	}
	switch {
	case todo.create:
		return w.create(ctx, u, f, out, todo.push)
	case todo.text:
		changed, err := w.cfg.Forge.Update(ctx, todo.pull.Number, forge.Change{Title: &f.title, Body: &f.body})
		if err != nil {
			return Outcome{}, err
		}
		out.PullRequest = &changed
	}
	return out, nil
}

func (w *Writer) create(ctx context.Context, u Update, f facts, out Outcome, pushed bool) (Outcome, error) {
	if f.pushOnly {
		return withoutForge(out, pushed), nil
	}
	pull, err := w.cfg.Forge.Create(ctx, forge.NewPullRequest{
		Head: out.Branch, Base: u.Base, Title: f.title, Body: f.body,
		Decoration: u.Decoration,
	})
	switch {
	case errors.Is(err, forge.ErrUnsupported):
		return withoutForge(out, pushed), nil
	case errors.Is(err, forge.ErrExists):
		return w.adopt(ctx, u, f, out)
	case err != nil && pull.Number == 0:
		return Outcome{}, err
	case err != nil:
		out.Warning = err
		w.cfg.Log.WarnContext(ctx, "the pull request is open, but not all of it could be set", "number", pull.Number, "error", err)
	}
	out.PullRequest = &pull
	return out, nil
}

// adopt takes over the pull request that another bot opened between our look and our
// create.
func (w *Writer) adopt(ctx context.Context, u Update, f facts, out Outcome) (Outcome, error) {
	pulls, err := w.cfg.Forge.List(ctx, forge.Filter{Head: out.Branch, Base: u.Base, State: forge.StateOpen})
	if err != nil {
		return Outcome{}, err
	}
	if len(pulls) == 0 {
		return Outcome{}, fmt.Errorf("the forge says that there is a pull request for %q, but lists none: %w", out.Branch, forge.ErrExists)
	}
	out.Action, out.Reason, out.PullRequest = ActionUnchanged, "the pull request was opened by somebody else meanwhile", &pulls[0]
	if bodyKey(pulls[0].Body) == f.key {
		return out, nil
	}
	changed, err := w.cfg.Forge.Update(ctx, pulls[0].Number, forge.Change{Title: &f.title, Body: &f.body})
	if err != nil {
		return Outcome{}, err
	}
	out.Action, out.PullRequest = ActionUpdated, &changed
	return out, nil
}

func withoutForge(out Outcome, pushed bool) Outcome {
	out.Action, out.Reason = ActionUnchanged, "the branch is up to date; there is no forge to open a pull request at"
	if pushed {
		out.Action, out.Reason = ActionPushed, "the branch is pushed; there is no forge to open a pull request at"
	}
	return out
}
