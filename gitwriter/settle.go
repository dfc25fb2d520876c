package gitwriter

import (
	"context"
	"fmt"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// Fate is what a round knows about a group that it wrote no update for.
type Fate struct {
	// Gone says that nothing is to be proposed for the group; the zero value that it isn't
	// known, so that nothing is closed.
	Gone bool
	// Reason says why, for people: "no policy asks for it any more".
	Reason string
}

// Settle ends the round's work at the forge: it closes pull requests of groups that are
// gone, opens those that waited for the room, merges what may be merged by itself, or
// keeps the forge from that, and deletes branches that nobody needs. fate is asked about every open pull request and
// every branch of ours that Write wasn't given.
func (s *Session) Settle(ctx context.Context, fate func(group string) Fate) []Result {
	defer s.book.Save() // a process that does one round has no other time for it
	if s.mustWait() || s.failures >= maxFailures {
		return nil // what couldn't be written has told why
	}
	results := s.closeLeftovers(ctx, fate, false)
	results = append(results, s.cancel(ctx)...)
	results = append(results, s.writeWaiting(ctx, closedSome(results))...)
	results = append(results, s.merge(ctx)...)
	return append(results, s.deleteStale(ctx, fate, false)...)
}

// PreviewSettle says what Settle would close and delete, and changes nothing anywhere.
// Merging isn't foretold: the forge is asked when it is time.
func (s *Session) PreviewSettle(ctx context.Context, fate func(group string) Fate) []Result {
	if s.mustWait() || s.failures >= maxFailures {
		return nil
	}
	return append(s.closeLeftovers(ctx, fate, true), s.deleteStale(ctx, fate, true)...)
}

func closedSome(results []Result) bool {
	for _, r := range results {
		if r.Action == ActionClosed && r.Err == nil {
			return true
		}
	}
	return false
}

// writeWaiting tries once more what the limit on open pull requests kept back, where a
// place has become free.
func (s *Session) writeWaiting(ctx context.Context, free bool) (results []Result) {
	waiting := s.waiting
	if s.waiting = nil; !free {
		return nil
	}
	for _, i := range byUrgency(waiting) {
		if s.mustWait() || s.full() != "" {
			break
		}
		results = append(results, s.write(ctx, waiting[i]))
	}
	return results
}

// closeLeftovers closes open pull requests of ours that nothing is left to do for. What
// another bot has opened or changed since the round began stays: it may know of newer
// versions than this round has seen.
func (s *Session) closeLeftovers(ctx context.Context, fate func(string) Fate, dry bool) (results []Result) {
	if s.pushOnly {
		return nil
	}
	if err := s.listen(ctx); err != nil {
		return []Result{{Err: fmt.Errorf("looking for pull requests to close: %w", err)}}
	}
	for _, pull := range s.known().open {
		scope, key := bodyScope(pull.Body), bodyKey(pull.Body)
		before, begun := s.begun[pull.Number]
		if scope != "" && scope != s.cfg.Scope || !begun || before != key || s.mustWait() || ctx.Err() != nil {
			continue
		}
		l := s.leftover(pull, fate)
		out, err := s.leave(ctx, l, dry)
		if err != nil {
			s.hear(err)
			err = fmt.Errorf("closing pull request #%d: %w", pull.Number, err)
		}
		if err != nil || out.Action != "" {
			out.Group, out.Branch, out.PullRequest = l.group, pull.Head, &pull
			results = append(results, Result{out, err})
		}
	}
	return results
}

func (s *Session) leftover(pull forge.PullRequest, fate func(string) Fate) leftover {
	l := leftover{pull: pull, reopened: reopened(pull.Body)}
	var told bool
	if l.group, told = s.groupOf(pull); !told {
		fate = func(string) Fate { return Fate{} } // of an older version: any group may be meant
	}
	l.fate = s.fate(pull, l.group, fate)
	l.fate.Reason = unstopped(l.fate.Reason)
	return l
}

// fate tells what is left to do for an open pull request: what the round has found out
// by an update for its branch, or what it says when asked.
func (s *Session) fate(pull forge.PullRequest, group string, fate func(string) Fate) Fate {
	done, ok := s.written[pull.Head]
	switch {
	case !ok:
		return fate(group)
	case done.err != nil:
		return Fate{}
	case done.update.Mode == ModeCommit && done.outcome.Action == ActionCommitted:
		return Fate{Gone: true, Reason: "the policy asks for commits on the base branch now"}
	case done.outcome.Action == ActionNothing:
		return Fate{Gone: true, Reason: reasonNothing}
	case done.outcome.Action == ActionClosedByPerson && bodyKey(pull.Body) != "" && bodyKey(pull.Body) != done.outcome.Key:
		return Fate{Gone: true, Reason: "other versions fit now than it proposes, and " + done.outcome.Reason}
	}
	return Fate{}
}

// leftover is an open pull request of ours that the round has no update for.
type leftover struct {
	pull     forge.PullRequest
	group    string
	fate     Fate
	orders   pulls.Orders
	branch   *gitrepo.CommitInfo // nil where there is none
	ours     bool                // its head is ours
	freed    bool                // its hold was ended on the dashboard
	reopened bool                // by a person, after we had closed it
}

// leave does with a leftover what is to be done; no action means that it isn't one.
func (s *Session) leave(ctx context.Context, l leftover, dry bool) (out Outcome, err error) {
	written := s.written[l.pull.Head].outcome.Action
	if l.orders, err = s.book.Orders(ctx, l.pull.Number); err != nil {
		return Outcome{}, err
	}
	l.freed = s.freed(l.pull, bodyKey(l.pull.Body), l.orders)
	if !l.fate.Gone && (!l.orders.Ignored || written == ActionClosed) {
		return Outcome{}, nil
	}
	if l.branch, err = s.head(ctx, l.pull.Head); err != nil {
		return Outcome{}, err
	}
	l.ours = l.branch == nil || s.w.made(*l.branch)
	todo := l.decide(s.w.cfg.Now())
	out = Outcome{Action: todo.action, Reason: todo.reason, Key: bodyKey(l.pull.Body)}
	if dry || !todo.close && sameState(l.pull.Body, todo.state) {
		return out, nil
	}
	if todo.close {
		if news, err := s.listenAgain(ctx); err != nil || news {
			return Outcome{}, err // the next round looks at it as it is now
		}
	}
	body := withState(l.pull.Body, todo.state)
	change := forge.Change{Body: &body}
	if todo.close {
		closed := forge.StateClosed
		change.State = &closed
	}
	changed, err := s.update(ctx, l.pull.Number, change)
	if err != nil {
		return Outcome{}, err
	}
	s.put(changed)
	return out, nil
}

// decide tells what becomes of a leftover: people keep what they have a hand in.
func (l leftover) decide(now time.Time) plan {
	say := func(action Action, reason, line string) plan {
		lines := append([]string{line + ": " + sentence(reason)}, refused(l.orders.Refused)...)
		var marks []string
		if l.reopened {
			marks = append(marks, reopenedMark)
		}
		if l.freed {
			marks = append(marks, freedMark(l.orders.HeldUntil))
		}
		return plan{action: action, reason: reason, state: stateBlock(lines, marks...)}
	}
	switch {
	case l.orders.Ignored:
		p := say(ActionClosed, ignoredReason(l.orders), "**Closed**")
		p.close = true
		return p
	case !l.freed && now.Before(l.orders.HeldUntil):
		return say(ActionHeld, l.fate.Reason+"; "+heldReason(l.orders), "**Nothing is left to do here**")
	case !l.ours:
		return say(ActionFrozen, l.fate.Reason+"; "+frozenReason(l.branch, true), "**Nothing is left to do here**")
	case l.reopened:
		return say(ActionUnchanged, l.fate.Reason+"; a person opened it again, so it is left to people", "**Nothing is left to do here**")
	}
	return plan{action: ActionClosed, close: true, reason: l.fate.Reason, state: closedBlock("gone", l.fate.Reason)}
}
