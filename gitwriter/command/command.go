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
	Verb Verb
	// For is how long to hold; 0 means until released.
	For time.Duration
	// Text is the line as it was written, one printable line; for messages.
	Text string
	// Problem says what is wrong with it, for people; "" where nothing is.
	Problem string
}
