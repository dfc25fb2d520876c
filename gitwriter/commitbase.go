package gitwriter

import (
	"context"
	"errors"
	"fmt"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// commitToBase is ModeCommit. The push is bound to the base that was rewritten, so
// nobody's commit can be lost; a crash after it leaves nothing to do.
func (s *Session) commitToBase(ctx context.Context, u Update) (Outcome, error) {
	p, err := s.prepare(ctx, u)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Action: ActionNothing, Group: u.Group, Branch: u.Base, Base: p.base, Commit: p.base, Key: p.key, Changes: p.changes, Reason: reasonNothing}
	if len(p.changes) == 0 {
		return out, nil
	}
	if s.cfg.Waits != "" {
		out.Action, out.Reason = ActionWaiting, s.cfg.Waits
		return out, nil
	}
	if out.Commit, err = s.w.cfg.Repo.Commit(p.commit); err != nil {
		return Outcome{}, err
	}
	err = s.w.push(ctx, gitrepo.PushRequest{Commit: out.Commit, Branch: u.Base, Expect: p.base})
	if errors.Is(err, gitrepo.ErrRefused) {
		err = fmt.Errorf("%w (hint: let the bot push to %q, or give the policy update.mode: pull-request)", err, u.Base)
	}
	if err != nil {
		return Outcome{}, err
	}
	out.Action, out.Reason = ActionCommitted, "committed to the base branch, as the policy's mode asks"
	return out, nil
}
