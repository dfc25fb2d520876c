package gitwriter

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/gitwriter/forge"
)

// Show brings the dashboard up to date, where there is one. Boxes whose order was
// followed are cleared; others stay ticked until it is.
func (s *Session) Show(ctx context.Context, data dashboard.Data) error {
	if !s.cfg.Dashboard.Enabled || s.pushOnly || s.mustWait() {
		return nil
	}
	if err := s.show(ctx, data); err != nil {
		s.hear(err)
		return fmt.Errorf("bringing the dashboard up to date: %w", err)
	}
	return nil
}

func (s *Session) show(ctx context.Context, data dashboard.Data) error {
	if s.board.err != nil {
		return s.board.err
	}
	if s.board.issue == nil {
		return s.openBoard(ctx, s.rendered(data))
	}
	for _, number := range s.board.twins {
		closed := forge.StateClosed
		if _, err := s.w.cfg.Forge.UpdateIssue(ctx, number, forge.Change{State: &closed}); err != nil {
			return err
		}
	}
	s.board.twins = nil
	if dashboard.Same(s.board.issue.Body, s.rendered(data)) && s.board.issue.Title == s.cfg.Dashboard.Title {
		return nil
	}
	// Somebody may have ticked a box since the round began.
	issue, err := s.w.cfg.Forge.Issue(ctx, s.board.issue.Number)
	if err != nil {
		return err
	}
	s.board.read(issue)
	text := s.rendered(data)
	if dashboard.Same(issue.Body, text) && issue.Title == s.cfg.Dashboard.Title {
		return nil
	}
	_, err = s.w.cfg.Forge.UpdateIssue(ctx, issue.Number, forge.Change{Title: &s.cfg.Dashboard.Title, Body: &text})
	return err
}

func (s *Session) openBoard(ctx context.Context, text string) error {
	issue, err := s.w.cfg.Forge.CreateIssue(ctx, forge.NewIssue{
		Title: s.cfg.Dashboard.Title, Body: text, Labels: append([]string{boardLabel}, s.cfg.Dashboard.Labels...),
	})
	if err == nil {
		s.w.setBoard(s.cfg.Scope, issue.Number)
	}
	return err
}

// rendered gives the dashboard's text, with links to the commits that hold versions back.
// Boxes stay ticked whose order is still to be followed.
func (s *Session) rendered(data dashboard.Data) string {
	data.Scope, data.Ordered = s.cfg.Scope, nil
	data.Held = slices.Clone(data.Held)
	if link := s.w.cfg.Forge.Links().Commit; link != nil {
		for i, h := range data.Held {
			if h.Commit != "" {
				data.Held[i].CommitURL = link(h.Commit)
			}
		}
	}
	for _, tick := range s.board.ticks {
		if !s.followed(tick) {
			data.Ordered = append(data.Ordered, tick)
		}
	}
	return dashboard.Render(data)
}

// followed tells whether nothing is left to do for a tick. What came while the round
// went on waits for the next one.
func (s *Session) followed(tick dashboard.Tick) bool {
	switch {
	case !slices.Contains(s.board.seen, tick):
		return false
	case tick.Verb == dashboard.Retry:
		return true
	case strings.Contains(tick.Key, "@"):
		return slices.Contains(s.releasedVersions(), tick.Key)
	}
	for _, done := range s.written {
		if done.outcome.Key == tick.Key {
			return done.err == nil && done.outcome.Action != ActionWaiting
		}
	}
	return false
}
