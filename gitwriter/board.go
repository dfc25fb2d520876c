package gitwriter

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/gitwriter/forge"
)

// boardLabel is what the dashboard's issue is found by.
const boardLabel = "towline-dashboard"

// board is what the dashboard's issue says.
type board struct {
	issue *forge.Issue     // nil where there is none
	twins []int            // others of the same scope, which a second bot made at the same time
	seen  []dashboard.Tick // ticked when the round began
	ticks []dashboard.Tick // ticked when it was read last
	err   error            // why it couldn't be read
}

func (b *board) read(issue forge.Issue) {
	b.issue, b.ticks = &issue, dashboard.Parse(issue.Body)
}

// ticked tells whether the round follows an order.
func (b *board) ticked(verb, key string) bool {
	return slices.Contains(b.seen, dashboard.Tick{Verb: verb, Key: key})
}

// readBoard finds the dashboard and what was ticked in it: one request.
func (s *Session) readBoard(ctx context.Context) {
	if !s.cfg.Dashboard.Enabled || s.pushOnly || s.heardAt.IsZero() {
		return
	}
	if s.board.err = s.findBoard(ctx); s.board.err != nil {
		s.hear(s.board.err)
		s.w.cfg.Log.WarnContext(ctx, "the dashboard can't be read", "error", s.board.err)
		return
	}
	s.board.seen = s.board.ticks
}

func (s *Session) findBoard(ctx context.Context) error {
	if number := s.w.boardOf(s.cfg.Scope); number > 0 {
		issue, err := s.w.cfg.Forge.Issue(ctx, number)
		switch scope, ok := dashboard.Scope(issue.Body); {
		case err != nil && !errors.Is(err, forge.ErrNotFound):
			return err
		case err == nil && ok && scope == s.cfg.Scope && issue.State == forge.StateOpen:
			s.board.read(issue)
			return nil
		}
	}
	issues, err := s.w.cfg.Forge.ListIssues(ctx, boardLabel)
	if err != nil {
		return err
	}
	for _, issue := range slices.Backward(issues) { // the oldest is it
		if scope, ok := dashboard.Scope(issue.Body); !ok || scope != s.cfg.Scope {
			continue
		}
		trusted, err := s.trusted(ctx, issue.Author)
		switch {
		case err != nil:
			return err
		case !trusted:
			s.w.cfg.Log.WarnContext(ctx, "an issue looks like the dashboard, but its author may not write here", "number", issue.Number, "author", issue.Author)
		case s.board.issue != nil:
			s.board.twins = append(s.board.twins, issue.Number)
		default:
			s.board.read(issue)
			s.w.setBoard(s.cfg.Scope, issue.Number)
		}
	}
	return nil
}

// trusted tells whether what an author may edit may hold orders: a stranger's issue
// doesn't. A program that may open issues here was let in by the repository's people.
func (s *Session) trusted(ctx context.Context, author string) (bool, error) {
	if strings.HasSuffix(author, "[bot]") {
		return true, nil
	}
	permission, err := s.w.cfg.Forge.Permission(ctx, author)
	return permission >= forge.PermissionWrite, err
}

func (w *Writer) boardOf(scope string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.boards[scope]
}

func (w *Writer) setBoard(scope string, number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.boards[scope] = number
}

// boardNews gives the groups of pull requests that a box was ticked for.
func (s *Session) boardNews() (groups []string) {
	for _, pull := range s.known().ours {
		for _, tick := range s.board.seen {
			if tick.Key == bodyKey(pull.Body) {
				group, _ := s.groupOf(pull)
				groups = append(groups, group)
			}
		}
	}
	return groups
}

// Releases gives what people have released of what was held: keys of updates, or
// IMAGE@TAG of a version that was moved back in Git. What an open pull request proposes
// because it was released stays so until that is merged or closed.
func (s *Session) Releases() (keys []string) {
	for _, tick := range s.board.seen {
		if tick.Verb == dashboard.Release {
			keys = append(keys, tick.Key)
		}
	}
	for _, version := range s.releasedVersions() {
		if !slices.Contains(keys, version) {
			keys = append(keys, version)
		}
	}
	slices.Sort(keys)
	return keys
}

// Retries gives the keys of policies that people want looked at again at once.
func (s *Session) Retries() (keys []string) {
	for _, tick := range s.board.seen {
		if tick.Verb == dashboard.Retry {
			keys = append(keys, tick.Key)
		}
	}
	return keys
}

// releasedMark stands in the body of a pull request for versions that were released
// after a person had moved them back.
const releasedMark = "<!-- towline-released -->"

// releasedVersions gives IMAGE@TAG of all that such pull requests propose.
func (s *Session) releasedVersions() (versions []string) {
	if s.pushOnly {
		return nil
	}
	for _, pull := range s.known().open {
		if !strings.Contains(pull.Body, "\n"+releasedMark) {
			continue
		}
		for image, version := range bodyVersions(pull.Body) {
			tag, _, _ := strings.Cut(version, "@")
			versions = append(versions, image+"@"+tag)
		}
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}
