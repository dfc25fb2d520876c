// Package pulls remembers what the forge says about our pull requests, so that a round
// over a repository in which nothing has happened asks it once. All of it can be asked
// for again: a lost file costs requests and nothing else.
//
// What is remembered is never older than what the forge says now, since each Refresh asks
// for all that was changed since the newest pull request it knows, that one included: if
// the forge leaves it out, the repository isn't the one that was remembered (somebody
// deleted it and made another of its name), and everything is asked for anew. Only that
// another pull request was deleted, which some forges let administrators do, can stay
// unseen for a day; see Book.Forget.
package pulls

import "time"

// Orders are what people with write access ask of one pull request by comments. They
// are a function of the comments alone, and of who may write at the time that they are
// read: when the pull request was changed, which a new comment does, and once an hour.
type Orders struct {
	// HeldUntil and HeldBy stand while the pull request is to be left as it is, and are
	// zero when that time is over; a hold without an end is until the year 9999.
	HeldUntil time.Time `json:"heldUntil,omitzero"`
	HeldBy    string    `json:"heldBy,omitempty"`
	// Ignored says that these versions are never to be proposed.
	Ignored   bool   `json:"ignored,omitempty"`
	IgnoredBy string `json:"ignoredBy,omitempty"`
	// ReleasedAt is the last release; RebaseAt the last time a rebase was asked for.
	ReleasedAt time.Time `json:"releasedAt,omitzero"`
	RebaseAt   time.Time `json:"rebaseAt,omitzero"`
	// Refused are commands that can't be read, in words for people; at most 5, the last
	// ones. They hold what somebody wrote, and may hold any markup. Who gives a command
	// that can be read afterwards takes them back.
	Refused []string `json:"refused,omitempty"`
}
