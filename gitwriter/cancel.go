package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// cancel takes back what the forge was asked for by us, to merge by itself, where that
// isn't wanted any more. What people have asked it for is theirs.
func (s *Session) cancel(ctx context.Context) (results []Result) {
	if s.pushOnly || s.listen(ctx) != nil {
		return nil // closing has told why
	}
	for _, pull := range s.known().open {
		scope := bodyScope(pull.Body)
		if scope != "" && scope != s.cfg.Scope || !s.w.scheduled(pull) {
			continue
		}
		if s.mustWait() || ctx.Err() != nil {
			return results
		}
		reason, err := s.against(ctx, pull)
		if err == nil && reason == "" {
			continue
		}
		if err == nil {
			err = s.cancelOne(ctx, &pull, reason)
		}
		if err != nil {
			s.hear(err)
			group, _ := s.groupOf(pull)
			out := Outcome{Group: group, Branch: pull.Head, PullRequest: &pull}
			results = append(results, Result{out, fmt.Errorf("taking back that pull request #%d merges by itself: %w", pull.Number, err)})
		}
	}
	return results
}

// scheduled tells whether the forge may merge a pull request because we asked it to: by
// what we remember, which it may not have told yet, or by what it says. Our account is
// the one that opened the pull request, unless we have taken over a person's.
func (w *Writer) scheduled(pull forge.PullRequest) bool {
	asked := w.askedFor(pull.Number)
	remembered := asked != "" && !strings.HasPrefix(asked, byHand) && !strings.HasPrefix(asked, stopped)
	return remembered || pull.Automerge && pull.AutomergeBy == pull.Author
}

// against says why a pull request isn't to merge by itself; "" where nothing is known.
func (s *Session) against(ctx context.Context, pull forge.PullRequest) (string, error) {
	if s.cfg.Waits != "" {
		return s.cfg.Waits, nil
	}
	done := s.written[pull.Head]
	if about := done.outcome.PullRequest; done.err == nil && about != nil && about.Number == pull.Number {
		switch done.outcome.Action {
		case ActionHeld, ActionFrozen:
			return done.outcome.Reason, nil
		case ActionWaiting: // for the forge: nobody has looked
			return "", nil
		}
		if !done.automatic() {
			return "updates of its level aren't merged without a person", nil
		}
		return "", nil
	}
	orders, err := s.book.Orders(ctx, pull.Number)
	switch {
	case err != nil:
		return "", err
	case s.w.cfg.Now().Before(orders.HeldUntil) && !s.freed(pull, bodyKey(pull.Body), orders):
		return heldReason(orders), nil
	}
	head, err := s.head(ctx, pull.Head)
	if err != nil || head == nil || s.w.made(*head) {
		return "", err
	}
	return frozenReason(head, true), nil
}

// cancelOne asks the forge. Afterwards it may be asked for the same head again, unless
// it says by now that somebody else has taken that back.
func (s *Session) cancelOne(ctx context.Context, pull *forge.PullRequest, reason string) error {
	if err := s.w.cfg.Forge.CancelAutomerge(ctx, pull.Number); err != nil && !errors.Is(err, forge.ErrUnsupported) {
		return err
	}
	s.w.cfg.Log.InfoContext(ctx, "the forge doesn't merge a pull request by itself any more", "number", pull.Number, "reason", reason)
	if !pull.Automerge {
		s.w.ask(pull.Number, stopped+s.w.askedFor(pull.Number))
		return nil
	}
	s.w.ask(pull.Number, "")
	pull.Automerge, pull.AutomergeBy = false, ""
	s.put(*pull)
	return nil
}

// cancelBefore takes back what was asked for a head that is about to be replaced: the
// forge would merge the new one by the old one's title, whatever its level is. A person
// who asked for it has seen the old versions, not the new ones.
func (s *Session) cancelBefore(ctx context.Context, todo plan) error {
	pull := todo.pull
	switch {
	case !todo.push || pull == nil || pull.State != forge.StateOpen:
		return nil
	case todo.text && pull.Automerge:
		return s.cancelOne(ctx, pull, "it gets other versions")
	case s.w.scheduled(*pull):
		return s.cancelOne(ctx, pull, "it gets another commit")
	}
	return nil
}
