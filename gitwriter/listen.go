package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
)

const (
	// freshFor is how old the forge's word may be on which something is done that can't
	// be taken back.
	freshFor = 5 * time.Second
	// maxFailures bounds how often a session asks a forge what has changed that doesn't
	// answer: each may take minutes.
	maxFailures = 2
)

// book is what is remembered of the pull requests whose branches have a prefix.
func (w *Writer) book(prefix string) (*pulls.Book, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if book := w.books[prefix]; book != nil {
		return book, nil
	}
	book, err := pulls.Open(pulls.Config{Forge: w.cfg.Forge, File: w.cfg.Pulls, Repository: w.cfg.Name, Prefix: prefix, Now: w.cfg.Now, Log: w.cfg.Log})
	if err != nil {
		return nil, err
	}
	w.books[prefix] = book
	return book, nil
}

// begin asks for what has changed since the last session, also what the last session
// heard on its way.
func (s *Session) begin(ctx context.Context) error {
	changed, err := s.refresh(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.w.cfg.Log.WarnContext(ctx, "the forge can't be asked what has changed; what needs it waits", "error", err)
	} else {
		s.remember()
	}
	s.w.mu.Lock()
	changed, s.w.pending = append(s.w.pending, changed...), nil
	s.w.mu.Unlock()
	for _, number := range s.cfg.Commented {
		if pull, ok := s.book.Doubt(number); ok {
			changed = append(changed, pull)
		}
	}
	for _, pull := range append(changed, s.moved()...) {
		if group, _ := s.groupOf(pull); s.proposes(pull) {
			s.news = append(s.news, group)
		}
	}
	s.readBoard(ctx)
	s.news = append(s.news, s.boardNews()...)
	slices.Sort(s.news)
	s.news = slices.Compact(s.news)
	return nil
}

// remember notes what is open when the round begins.
func (s *Session) remember() {
	s.begun = map[int]string{}
	for _, pull := range s.known().open {
		s.begun[pull.Number] = bodyKey(pull.Body)
	}
}

// moved gives the open pull requests whose branch isn't where the forge said last:
// somebody pushed, and not every forge dates a pull request by that.
func (s *Session) moved() (all []forge.PullRequest) {
	if s.pushOnly {
		return nil
	}
	for _, pull := range s.known().open {
		if head, ok := s.w.cfg.Repo.Known(pull.Head); ok && string(head) != pull.HeadSHA {
			pull.HeadSHA = string(head)
			all = append(all, pull)
			s.put(pull)
		}
	}
	return all
}

// listen makes sure that the forge was asked.
func (s *Session) listen(ctx context.Context) error {
	if !s.heardAt.IsZero() || s.pushOnly {
		return nil
	}
	changed, err := s.refresh(ctx)
	s.later(changed)
	return err
}

// listenAgain asks once more where the forge's word isn't recent, and tells whether
// anything is new.
func (s *Session) listenAgain(ctx context.Context) (bool, error) {
	if s.pushOnly || s.w.cfg.Now().Sub(s.heardAt) < freshFor {
		return false, nil
	}
	changed, err := s.refresh(ctx)
	s.later(changed)
	return len(changed) > 0, err
}

// later keeps for the next session what this one can't look at any more.
func (s *Session) later(changed []forge.PullRequest) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.pending = append(s.w.pending, changed...)
}

func (s *Session) refresh(ctx context.Context) ([]forge.PullRequest, error) {
	if s.failures >= maxFailures {
		return nil, s.failed
	}
	changed, err := s.book.Refresh(ctx)
	switch {
	case errors.Is(err, forge.ErrUnsupported):
		s.pushOnly = true
		return nil, nil
	case err != nil:
		s.failures, s.failed = s.failures+1, err
		s.hear(err)
		return nil, err
	}
	s.failures, s.heardAt, s.index = 0, s.w.cfg.Now(), nil
	return changed, nil
}

// hear notes what an error of the forge says about the calls to come.
func (s *Session) hear(err error) {
	var limit *forge.RateLimitError
	if errors.As(err, &limit) {
		s.limited = s.w.cfg.Now().Add(limit.RetryAfter)
	}
}

// mustWait tells whether the forge wants no more requests now.
func (s *Session) mustWait() bool { return s.w.cfg.Now().Before(s.limited) }

// delayed is the outcome of an update that nobody looked at, with the pull request that is
// open for it.
func (s *Session) delayed(u Update) Outcome {
	out := Outcome{
		Action: ActionWaiting, Branch: branchName(u),
		Reason: fmt.Sprintf("the forge wants no more requests before %s", s.limited.UTC().Format("15:04:05 UTC")),
	}
	for _, pull := range s.book.Of(out.Branch, u.Base) {
		if pull.State == forge.StateOpen {
			out.PullRequest, out.Key = &pull, bodyKey(pull.Body)
			break
		}
	}
	return out
}
