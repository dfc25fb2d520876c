// Package command reads what people ask of the bot in comments: lines that begin with
// /towline. It is pure; who may ask is for the caller to know.
package command

import "time"

// Verb is what is asked for.
type Verb string

// The verbs.
const (
	Rebase  Verb = "rebase"  // build the branch anew from its base
	Hold    Verb = "hold"    // leave the pull request as it is, for a while
	Release Verb = "release" // end a hold, or propose again what was closed
	Ignore  Verb = "ignore"  // close it, and never propose these versions
	Unknown Verb = ""        // anything else behind /towline
)

// Command is one line of a comment.
type Command struct {
	// Verb is Unknown wherever there is a Problem.
	Verb Verb
	// For is how long to hold; 0 means until released.
	For time.Duration
	// Text is the line as it was written, one printable line; for messages. It comes from
	// outside, and may hold any markup.
	Text string
	// Problem says what is wrong with it, for people; "" where nothing is. It doesn't
	// repeat what was written.
	Problem string
}

// Bounds of what is read.
const (
	// MaxBody is how much of a comment is read, in bytes; GitHub's longest has 65,536
	// characters.
	MaxBody = 64 << 10
	// MaxCommands is how many commands of one comment are read.
	MaxCommands = 20
	// MaxHold is the longest time that a hold may name.
	MaxHold = 365 * 24 * time.Hour
)

// Verbs gives all that can be asked for, sorted.
func Verbs() []Verb { return []Verb{Hold, Ignore, Rebase, Release} }
