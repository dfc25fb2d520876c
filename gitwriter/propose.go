package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// propose is ModePullRequest: look, decide, do.
func (s *Session) propose(ctx context.Context, u Update) (Outcome, error) {
	p, err := s.prepare(ctx, u)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Action: ActionNothing, Group: u.Group, Branch: branchName(u), Base: p.base, Key: p.key, Changes: p.changes, Reason: reasonNothing}
	if len(p.changes) == 0 {
		return out, nil
	}
	f, todo, err := s.decide(ctx, u, p)
	if err != nil {
		return Outcome{}, err
	}
	if todo.action == ActionWaiting && todo.reason == f.full && f.full != "" {
		s.waiting = append(s.waiting, u)
	}
	return s.carryOut(ctx, u, p, f, todo, out)
}

// decide looks, and looks again before anything that can't be taken back.
func (s *Session) decide(ctx context.Context, u Update, p prepared) (facts, plan, error) {
	f, err := s.look(ctx, u, p)
	if err != nil {
		return facts{}, plan{}, err
	}
	todo := decide(f)
	if !todo.grave() {
		return f, todo, nil
	}
	news, err := s.listenAgain(ctx)
	if err != nil || !news {
		return f, todo, err
	}
	if f, err = s.look(ctx, u, p); err != nil {
		return facts{}, plan{}, err
	}
	return f, decide(f), nil
}

// carryOut does the plan's steps. Each leaves a state from which decide finds the
// rest: a pushed branch without a pull request, or with an old text.
func (s *Session) carryOut(ctx context.Context, u Update, p prepared, f facts, todo plan, out Outcome) (Outcome, error) {
	out.Action, out.Reason, out.PullRequest = todo.action, todo.reason, todo.pull
	var lease gitrepo.Hash
	if f.branch != nil {
		lease, out.Commit = f.branch.Hash, f.branch.Hash
	}
	if err := s.cancelBefore(ctx, todo); err != nil {
		return Outcome{}, err
	}
	if todo.push {
		commit, err := s.w.cfg.Repo.Commit(p.dated(f.orders.RebaseAt))
		if err != nil {
			return Outcome{}, err
		}
		if err := s.w.push(ctx, gitrepo.PushRequest{Commit: commit, Branch: out.Branch, Expect: lease}); err != nil {
			return Outcome{}, err
		}
		out.Commit = commit
	}
	if todo.create {
		return s.create(ctx, u, p, f, out, todo.push)
	}
	return s.alter(ctx, u, p, f, todo, out)
}

// dated gives the commit to build. It isn't older than what it answers, whatever our
// clock says: else a rebase would be done again and again.
func (p prepared) dated(asked time.Time) gitrepo.Commit {
	c := p.commit
	if c.Committer.When.Before(asked) {
		c.Committer.When = asked.Add(time.Second - 1).Truncate(time.Second)
		c.Author.When = c.Committer.When
	}
	return c
}

// alter changes what is to be changed of an open pull request.
func (s *Session) alter(ctx context.Context, u Update, p prepared, f facts, todo plan, out Outcome) (Outcome, error) {
	pull := todo.pull
	if pull == nil || pull.State != forge.StateOpen {
		return out, nil
	}
	if todo.action == ActionUpdated || todo.action == ActionUnchanged {
		pull, out.Warning = s.decorate(ctx, u, *pull)
		out.PullRequest = pull
	}
	var change forge.Change
	switch {
	case todo.close:
		body, closed := withState(pull.Body, stateBlock([]string{"**Closed**: " + sentence(todo.reason)})), forge.StateClosed
		change = forge.Change{Body: &body, State: &closed}
	case todo.text:
		title, body, err := s.text(ctx, u, p, f, out.Commit)
		if err != nil {
			return Outcome{}, err
		}
		body = withState(body, todo.state)
		change = forge.Change{Title: &title, Body: &body}
	case !sameState(pull.Body, todo.state):
		body := withState(pull.Body, todo.state)
		change = forge.Change{Body: &body}
	default:
		if todo.push {
			s.putAt(*pull, out.Commit)
		}
		return out, nil
	}
	changed, err := s.update(ctx, pull.Number, change)
	if err != nil {
		return Outcome{}, err
	}
	s.putAt(changed, out.Commit)
	out.PullRequest = &changed
	return out, nil
}

// update is the forge's. One that it doesn't have any more isn't ours to remember.
func (s *Session) update(ctx context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	changed, err := s.w.cfg.Forge.Update(ctx, number, change)
	if errors.Is(err, forge.ErrNotFound) {
		s.book.Forget(number)
		s.index = nil
	}
	return changed, err
}

// putAt remembers a pull request whose branch we may just have pushed to: some forges
// take a while to see that, and it is no news.
func (s *Session) putAt(pull forge.PullRequest, head gitrepo.Hash) {
	if head != "" {
		pull.HeadSHA = string(head)
	}
	s.put(pull)
}

// text gives a pull request's title and body, the state aside. Files are shown at the
// commit.
func (s *Session) text(ctx context.Context, u Update, p prepared, f facts, commit gitrepo.Hash) (title, text string, err error) {
	if title, err = s.w.titleOf(u, p.changes); err != nil {
		return "", "", err
	}
	d := bodyData{
		key: p.key, group: u.Group, scope: s.cfg.Scope, changes: p.changes, notices: u.Notices,
		commit: string(commit), now: s.w.cfg.Now(),
	}
	if d.intro, err = s.w.introOf(u, p.changes); err != nil {
		return "", "", err
	}
	if f.open != nil && bodyKey(f.open.Body) != f.key {
		d.earlier = bodyVersions(f.open.Body)
	}
	if s.w.cfg.Forge != nil {
		d.links = s.w.cfg.Forge.Links()
	}
	if u.Details != nil {
		d.details = u.Details(ctx, steps(p.changes))
	}
	text = body(d)
	if u.Released {
		text += releasedMark + "\n"
	}
	return title, text, nil
}

func (s *Session) create(ctx context.Context, u Update, p prepared, f facts, out Outcome, pushed bool) (Outcome, error) {
	if f.pushOnly {
		return withoutForge(out, pushed), nil
	}
	title, body, err := s.text(ctx, u, p, f, out.Commit)
	if err != nil {
		return Outcome{}, err
	}
	pull, err := s.w.cfg.Forge.Create(ctx, forge.NewPullRequest{
		Head: out.Branch, Base: u.Base, Title: title, Body: body, Draft: u.Draft, Decoration: u.Decoration,
	})
	switch {
	case pull.Number == 0 && errors.Is(err, forge.ErrUnsupported):
		return withoutForge(out, pushed), nil
	case pull.Number == 0 && errors.Is(err, forge.ErrExists): // not a conflict about its decoration
		return s.adopt(ctx, u, p, f, out)
	case err != nil && pull.Number == 0:
		return Outcome{}, err
	}
	s.put(pull)
	out.Warning = s.decorated(ctx, pull.Number, err)
	out.PullRequest = &pull
	return out, nil
}

// adopt takes over the pull request that another bot opened between our look and our
// create.
func (s *Session) adopt(ctx context.Context, u Update, p prepared, f facts, out Outcome) (Outcome, error) {
	changed, err := s.refresh(ctx)
	s.later(changed)
	if err != nil {
		return Outcome{}, err
	}
	if err := s.lookAtForge(ctx, u, &f); err != nil {
		return Outcome{}, err
	}
	if f.open == nil {
		return Outcome{}, fmt.Errorf("the forge says that there is a pull request for %q, but lists none: %w", out.Branch, forge.ErrExists)
	}
	todo := plan{action: ActionUnchanged, pull: f.open, state: bodyState(f.open.Body), reason: "the pull request was opened by somebody else meanwhile"}
	if bodyKey(f.open.Body) != f.key {
		todo.action, todo.text = ActionUpdated, true
	}
	out.Action, out.Reason, out.PullRequest = todo.action, todo.reason, todo.pull
	return s.alter(ctx, u, p, f, todo, out)
}

func withoutForge(out Outcome, pushed bool) Outcome {
	out.Action, out.Reason = ActionUnchanged, "the branch is up to date; there is no forge to open a pull request at"
	if pushed {
		out.Action, out.Reason = ActionPushed, "the branch is pushed; there is no forge to open a pull request at"
	}
	return out
}
