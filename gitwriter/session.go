package gitwriter

import (
	"context"

	"github.com/towline-dev/towline/gitwriter/dashboard"
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
	// Dashboard keeps the issue that shows all updates.
	Dashboard policy.DashboardConfig
}

// Session is one round over one repository: what Git and the forge say is asked for
// once, at its beginning, and held against what the round does itself. It isn't safe
// for concurrent use; a Writer may have one at a time.
type Session struct {
	w   *Writer
	cfg SessionConfig
}

// Begin asks the forge what has changed since the last session: one request where
// nothing has. The base must have been fetched a moment ago; its heads are taken from
// there.
func (w *Writer) Begin(_ context.Context, cfg SessionConfig) (*Session, error) {
	return &Session{w: w, cfg: cfg}, nil
}

// News gives the groups about whose pull requests something happened at the forge: one
// was merged, closed or opened again, its branch was pushed to, somebody gave an order.
// The bot looks at them although they aren't due.
func (s *Session) News() []string { return nil }

// Capacity is how many pull requests may be opened now; -1 is no bound.
func (s *Session) Capacity() int { return -1 }

// Releases gives what people have released of what was held: keys of updates, or
// IMAGE@TAG of a version that was moved back in Git.
func (s *Session) Releases() []string { return nil }

// Result is what became of one update.
type Result struct {
	Outcome
	Err error
}

// Write brings updates to where they should be, the most urgent first, and gives the
// results in the order of the updates. It may be called several times.
func (s *Session) Write(ctx context.Context, updates []Update) []Result {
	results := make([]Result, len(updates))
	for i, u := range updates {
		results[i].Outcome, results[i].Err = s.w.Write(ctx, u)
	}
	return results
}

// Previewed is what Write would do to one update.
type Previewed struct {
	Preview
	Err error
}

// Preview says what Write and Settle would do, and changes nothing anywhere.
func (s *Session) Preview(ctx context.Context, updates []Update) []Previewed {
	results := make([]Previewed, len(updates))
	for i, u := range updates {
		results[i].Preview, results[i].Err = s.w.Preview(ctx, u)
	}
	return results
}

// Fate is what a round knows about a group that it wrote no update for.
type Fate struct {
	// Gone says that nothing is to be proposed for the group; the zero value that it isn't
	// known, so that nothing is closed.
	Gone bool
	// Reason says why, for people: "no policy asks for it any more".
	Reason string
}

// Settle ends the round's work at the forge: it closes pull requests of groups that are
// gone, deletes branches that nobody needs, and merges what may be merged by itself.
// fate is asked about every open pull request of ours that Write wasn't given.
func (s *Session) Settle(_ context.Context, _ func(group string) Fate) []Result { return nil }

// Show brings the dashboard up to date, where there is one.
func (s *Session) Show(_ context.Context, _ dashboard.Data) error { return nil }
