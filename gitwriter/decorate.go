package gitwriter

import (
	"context"
	"slices"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// decorate puts on an open pull request what a crash or the forge kept from it when it
// was opened. What a person has taken off since isn't put back. The error is for the
// outcome's warning.
func (s *Session) decorate(ctx context.Context, u Update, pull forge.PullRequest) (*forge.PullRequest, error) {
	if u.Decoration.IsZero() || s.book.Decorated(pull.Number) {
		return &pull, nil
	}
	if !s.w.isPartly(pull.Number) && !bare(pull, u.Decoration) {
		s.book.SetDecorated(pull.Number)
		return &pull, nil
	}
	changed, err := s.w.cfg.Forge.Decorate(ctx, pull.Number, u.Decoration)
	if changed.Number == pull.Number {
		pull = changed
		s.put(pull)
	}
	return &pull, s.decorated(ctx, pull.Number, err)
}

// bare tells whether a pull request looks as if nobody had touched it since it was
// opened, without what was to be put on it.
func bare(pull forge.PullRequest, d forge.Decoration) bool {
	if !pull.UpdatedAt.Equal(pull.CreatedAt) {
		return false
	}
	return len(d.Labels) == 0 || slices.ContainsFunc(d.Labels, func(label string) bool { return !slices.Contains(pull.Labels, label) })
}

// decorated notes how decorating went. What may go well another time is tried again;
// what the forge refuses is told once.
func (s *Session) decorated(ctx context.Context, number int, err error) error {
	again := err != nil && forge.Temporary(err)
	s.w.mu.Lock()
	if delete(s.w.partly, number); again {
		s.w.partly[number] = true
	}
	s.w.mu.Unlock()
	if !again {
		s.book.SetDecorated(number)
	}
	if err != nil {
		s.hear(err)
		s.w.cfg.Log.WarnContext(ctx, "the pull request is open, but not all of it could be set", "number", number, "error", err)
	}
	return err
}

func (w *Writer) isPartly(number int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.partly[number]
}
