package revert

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// Action is what became of a rollback.
type Action string

// The actions.
const (
	ActionCreated Action = "created" // a pull request was opened
	ActionExists  Action = "exists"  // it is open already
	ActionClosed  Action = "closed"  // it was proposed before, and closed
	ActionMerged  Action = "merged"  // it was proposed before, and merged
	ActionPushed  Action = "pushed"  // the branch is pushed; the forge has no pull requests
)

// Outcome says what became of a rollback.
type Outcome struct {
	Action      Action
	Branch      string
	Commit      gitrepo.Hash       // the branch's head, where it was looked at
	PullRequest *forge.PullRequest // nil where the forge has none
}

// ErrTaken says that the branch holds what isn't this rollback.
var ErrTaken = errors.New("the branch holds somebody else's commit")

// Propose pushes the rollback's branch and opens its pull request, unless that was done.
func (r *Reverter) Propose(ctx context.Context, p Plan) (Outcome, error) {
	out := Outcome{Action: ActionPushed, Branch: p.Head}
	known, err := r.known(ctx, p)
	pushOnly := errors.Is(err, forge.ErrUnsupported)
	if err != nil && !pushOnly {
		return out, err
	}
	if known != nil {
		out.PullRequest = known
		out.Action = map[forge.State]Action{forge.StateOpen: ActionExists, forge.StateClosed: ActionClosed, forge.StateMerged: ActionMerged}[known.State]
		return out, nil
	}
	if out.Commit, err = r.push(ctx, p); err != nil || pushOnly {
		return out, err
	}
	pull, err := r.cfg.Forge.Create(ctx, forge.NewPullRequest{Head: p.Head, Base: p.Branch, Title: p.Title, Body: p.Body})
	switch {
	case errors.Is(err, forge.ErrExists): // somebody else asked for the same a moment ago
		known, err := r.known(ctx, p)
		if err == nil && known == nil {
			err = fmt.Errorf("branch %q has another pull request: %w", p.Head, forge.ErrExists)
		}
		out.Action, out.PullRequest = ActionExists, known
		return out, err
	case err != nil:
		return out, err
	}
	out.Action, out.PullRequest = ActionCreated, &pull
	return out, nil
}

// known finds this very rollback among the branch's pull requests: the open one, or else
// the newest.
func (r *Reverter) known(ctx context.Context, p Plan) (*forge.PullRequest, error) {
	pulls, err := r.cfg.Forge.List(ctx, forge.Filter{Head: p.Head, Base: p.Branch})
	if err != nil {
		return nil, err
	}
	var found *forge.PullRequest
	for i := range pulls {
		if !strings.Contains(pulls[i].Body, keyComment+p.Key+" -->") {
			continue
		}
		if pulls[i].State == forge.StateOpen {
			return &pulls[i], nil
		}
		if found == nil {
			found = &pulls[i]
		}
	}
	return found, nil
}

// push brings the rollback's commit to its branch. A branch that an earlier try left, on
// whatever base, is moved; one that holds anything else isn't.
func (r *Reverter) push(ctx context.Context, p Plan) (gitrepo.Hash, error) {
	heads, err := r.cfg.Repo.Branches(ctx)
	if err != nil {
		return "", err
	}
	lease, there := heads[p.Head]
	if there {
		if _, err := r.cfg.Repo.Fetch(ctx, p.Head); err != nil {
			return "", err
		}
		info, err := r.cfg.Repo.CommitInfo(lease)
		if err != nil {
			return "", err
		}
		if !strings.HasSuffix(info.Message, "\n"+keyTrailer+p.Key+"\n") {
			return "", fmt.Errorf("pushing branch %q: %w (hint: delete the branch, or roll back by hand)", p.Head, ErrTaken)
		}
		tree, err := r.cfg.Repo.Tree(p.commit)
		if err != nil {
			return "", err
		}
		if info.Tree == tree && len(info.Parents) == 1 && info.Parents[0] == p.Base {
			return lease, nil
		}
	}
	commit, err := r.cfg.Repo.Commit(p.commit)
	if err != nil {
		return "", err
	}
	return commit, r.cfg.Repo.Push(ctx, gitrepo.PushRequest{Commit: commit, Branch: p.Head, Expect: lease})
}
