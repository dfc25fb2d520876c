// Package event holds what the bot tells the world while it works. A step of the
// pipeline makes a typed event; the log, the metrics and a test are handlers of
// the same stream, so that they can't tell different stories.
package event

import (
	"log/slog"
	"time"
)

// Event is something that happened to one manifest repository.
type Event interface {
	// Name is the stable key of this kind of event, such as "pull_request".
	Name() string
	// Level says how loudly a log should tell it.
	Level() slog.Level
	// Message is one line for people.
	Message() string
	// Attrs are the event's data under stable keys.
	Attrs() []slog.Attr
}

// Handler is told of events, in order, and must not block for long.
type Handler interface{ Handle(Event) }

// HandlerFunc makes a function a Handler.
type HandlerFunc func(Event)

// Handle calls f.
func (f HandlerFunc) Handle(e Event) { f(e) }

// Multi hands each event to every handler in turn.
func Multi(handlers ...Handler) Handler {
	return HandlerFunc(func(e Event) {
		for _, h := range handlers {
			h.Handle(e)
		}
	})
}

// RoundFinished says that all policies which were due have been looked at.
type RoundFinished struct {
	Repository string
	Policies   int     // policies looked at
	Updates    int     // updates that are wanted, whether new or already proposed
	Seconds    float64 // how long the round took
}

// TagChosen says that a registry holds a tag that a policy wants and Git hasn't.
type TagChosen struct {
	Repository, Policy, Image string
	From, To                  string
	Reason                    string
}

// PullRequest says what was done about one update.
type PullRequest struct {
	Repository, Group, Branch string
	Action                    string // as gitwriter.Action: created, updated, unchanged, …
	Reason                    string // one sentence: why this action
	Number                    int    // 0 where there is no pull request
	URL                       string
	Changes                   int // references that the update rewrites
	// Again says that the round before ended alike for this group: what a person has
	// closed, or has taken over, stays so round after round.
	Again bool
}

// Failed says that a step didn't work for one subject; the rest went on.
type Failed struct {
	Repository string
	Subject    string // a policy, a group, a file or the repository itself
	Err        error
	Times      int // how many rounds in a row ended so, this one included
}

// Recovered says that a subject which had failed works again.
type Recovered struct {
	Repository, Subject string
	Times               int // how many rounds it had failed
}

// Problem says that something a person wrote can't be used as it stands.
type Problem struct {
	Repository, Place, Text, Hint string
}

// Held says that a version isn't proposed, or not any more, since a person moved away
// from it in Git.
type Held struct {
	Repository, Policy, Image string
	Current, Tag              string // what stands there, and the version that is held
	Author, Commit            string
	Since                     time.Time
}
