package gitwriter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter/pulls"
	"github.com/towline-dev/towline/policy"
)

// SessionConfig says how a repository wants its pull requests, all of them together.
type SessionConfig struct {
	// Base is the branch that updates are made for, BranchPrefix begins the names of
	// ours. Default prefix: "towline/".
	Base, BranchPrefix string
	// Scope tells bots apart that share a prefix but look after different folders: only
	// pull requests of the same scope, or of none, are closed for want of an update.
	Scope string
	// Limits bound the open pull requests and the new ones an hour. Default: no bounds.
	Limits policy.LimitsConfig
	// Waits says, in words for people, until when nothing new is opened and no new version
	// goes into an open pull request: the repository's windows are shut. Default: it isn't.
	Waits string
	// Commented are pull requests of which a webhook says that somebody commented: their
	// comments are read whatever the forge's list says. Default: none.
	Commented []int
	// Dashboard keeps the issue that shows all updates.
	Dashboard policy.DashboardConfig
}

// Session is one round over one repository: what Git and the forge say is asked for
// once, at its beginning, and held against what the round does itself. It isn't safe
// for concurrent use; a Writer may have one at a time.
type Session struct {
	w    *Writer
	cfg  SessionConfig
	book *pulls.Book

	pushOnly bool      // there is no forge, or none with pull requests
	refetch  bool      // the base must be fetched: somebody else has pushed
	heardAt  time.Time // when the forge was last asked what has changed; zero if not since it must be
	limited  time.Time // until when the forge wants no more requests
	failures int       // of asking what has changed, one after the other
	failed   error     // the last of them

	begun   map[int]string // keys of the open pull requests at the beginning, by number
	news    []string
	written map[string]written // by branch
	waiting []Update           // kept back by the limit on open pull requests
	planned int                // pull requests that previews would open
	index   *index             // of the book; nil when that has changed
	board   board
}

// written is what the session knows of a group that it was given an update for.
type written struct {
	update  Update
	outcome Outcome
	err     error
}

// Begin asks the forge what has changed since the last session: one request where
// nothing has. The base must have been fetched a moment ago; its heads are taken from
// there. A forge that can't be asked is no error here: what needs it fails, or waits,
// and the rest goes on.
func (w *Writer) Begin(ctx context.Context, cfg SessionConfig) (*Session, error) {
	s, err := w.session(cfg)
	if err != nil {
		return nil, fmt.Errorf("beginning a round: %w", err)
	}
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("beginning a round: %w", err)
	}
	return s, nil
}

// session makes one that hasn't asked anybody yet.
func (w *Writer) session(cfg SessionConfig) (*Session, error) {
	cfg.BranchPrefix = cmp.Or(cfg.BranchPrefix, defaultPrefix)
	book, err := w.book(cfg.BranchPrefix)
	if err != nil {
		return nil, err
	}
	return &Session{w: w, cfg: cfg, book: book, pushOnly: w.cfg.Forge == nil, written: map[string]written{}}, nil
}

// alone makes a session for one update, which begins when it is needed.
func (w *Writer) alone(u Update) (*Session, error) {
	s, err := w.session(SessionConfig{Base: u.Base, BranchPrefix: u.BranchPrefix})
	if err == nil {
		s.refetch = true
	}
	return s, err
}

// Result is what became of one update.
type Result struct {
	Outcome
	Err error
}

// Write brings updates to where they should be, the most urgent first, and gives the
// results in the order of the updates. It may be called several times.
func (s *Session) Write(ctx context.Context, updates []Update) []Result {
	results := make([]Result, len(updates))
	for _, i := range byUrgency(updates) {
		results[i] = s.write(ctx, updates[i])
	}
	return results
}

func (s *Session) write(ctx context.Context, u Update) Result {
	if err := u.check(); err != nil {
		return Result{Outcome: Outcome{Group: u.Group}, Err: err}
	}
	u.scope = s.cfg.Scope
	step := s.propose
	if u.Mode == ModeCommit {
		step = s.commitToBase
	}
	out, err := Outcome{}, ctx.Err()
	switch {
	case err != nil:
	case u.Mode != ModeCommit && s.mustWait():
		out = s.delayed(u)
	default:
		out, err = s.untilLanded(ctx, u, step)
	}
	out.Group = u.Group
	if err != nil {
		s.hear(err)
		err = fmt.Errorf("writing update %q: %w", u.Group, err)
	} else {
		s.w.cfg.Log.DebugContext(ctx, "update written", "group", u.Group, "action", out.Action, "reason", out.Reason)
	}
	s.written[branchName(u)] = written{u, out, err}
	return Result{out, err}
}

// Previewed is what Write would do to one update.
type Previewed struct {
	Preview
	Err error
}

// Preview says what Write would do, and changes nothing anywhere. PreviewSettle goes on
// from there.
func (s *Session) Preview(ctx context.Context, updates []Update) []Previewed {
	results := make([]Previewed, len(updates))
	for _, i := range byUrgency(updates) {
		view, err := s.preview(ctx, updates[i])
		view.Group = updates[i].Group
		results[i] = Previewed{view, err}
		s.written[branchName(updates[i])] = written{updates[i], view.Outcome, err}
		if err == nil && view.Action == ActionCreated {
			s.planned++
		}
	}
	return results
}

// News gives the groups about whose pull requests something happened at the forge: one
// was merged, closed or opened again, its branch was pushed to, somebody gave an order.
// The bot looks at them although they aren't due.
func (s *Session) News() []string { return slices.Clone(s.news) }
