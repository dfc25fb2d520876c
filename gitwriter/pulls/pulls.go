// Package pulls remembers what the forge says about our pull requests, so that a round
// over a repository in which nothing has happened asks it once. All of it can be asked
// for again: a lost file costs requests and nothing else.
package pulls

import "time"

// Orders are what people with write access ask of one pull request by comments. They
// are a function of the comments alone.
type Orders struct {
	// HeldUntil and HeldBy stand while the pull request is to be left as it is; a
	// hold without an end is until the year 9999.
	HeldUntil time.Time
	HeldBy    string
	// Ignored says that these versions are never to be proposed.
	Ignored   bool
	IgnoredBy string
	// ReleasedAt is the last release; RebaseAt the last time a rebase was asked for.
	ReleasedAt, RebaseAt time.Time
	// Refused are commands that can't be read, in words for people; at most 5.
	Refused []string
}
