package gitwriter

import (
	"context"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// decorate puts on an open pull request what a crash or the forge kept from it when it
// was opened. What a person has taken off since isn't put back. The error is for the
// outcome's warning.
func (s *Session) decorate(ctx context.Context, u Update, pull forge.PullRequest) (*forge.PullRequest, error) {
	if u.Decoration.IsZero() || s.book.Decorated(pull.Number) {
		return &pull, nil
	}
	again, partly := s.w.partlyUntil(pull.Number)
	partly = partly || s.book.Partly(pull.Number) // before the bot was started
	switch {
	case partly && s.w.cfg.Now().Before(again):
		return &pull, nil
	case !partly && !bare(pull, u.Decoration):
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

// refusedFor is how long what the forge refused isn't tried again: somebody may give the
// bot the right to it, or make the milestone.
const refusedFor = time.Hour

// decorated notes how decorating went. What may go well another time is tried again in
// the next round, what the forge refuses later.
func (s *Session) decorated(ctx context.Context, number int, err error) error {
	s.w.mu.Lock()
	delete(s.w.partly, number)
	switch {
	case err != nil && forge.Temporary(err):
		s.w.partly[number] = time.Time{}
	case err != nil:
		s.w.partly[number] = s.w.cfg.Now().Add(refusedFor)
	}
	s.w.mu.Unlock()
	if err == nil {
		s.book.SetDecorated(number)
	}
	if err != nil {
		s.book.SetPartly(number)
		s.book.Save()
		s.hear(err)
		s.w.cfg.Log.WarnContext(ctx, "the pull request is open, but not all of it could be set", "number", number, "error", err)
	}
	return err
}

// partlyUntil tells whether decorating a pull request went wrong, and when it is to be
// tried again.
func (w *Writer) partlyUntil(number int) (again time.Time, partly bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	again, partly = w.partly[number]
	return again, partly
}
