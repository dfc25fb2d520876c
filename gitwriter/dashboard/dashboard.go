// Package dashboard makes the issue that shows all updates of a repository, and reads
// the boxes that people tick in it. It is pure: it knows no forge.
package dashboard

import "time"

// Data is all that the dashboard shows. Texts come from outside and may hold anything.
type Data struct {
	Updates  []Update
	Held     []Held
	Waiting  []Waiting
	Failures []Failure
}

// Update is one that is proposed, or was.
type Update struct {
	Key    string // of the update; what a tick names
	Group  string
	Title  string
	Number int // of its pull request
	URL    string
	State  string // such as "open", "held until 2026-12-01", "frozen", "closed"
	Reason string // one sentence
}

// Held is a version that isn't proposed since a person moved it back in Git.
type Held struct {
	Image, Current, Tag string // Tag is the version that is held
	Commit, CommitURL   string
	Author              string
	Since               time.Time
}

// Waiting is an update that isn't proposed yet.
type Waiting struct {
	Group, Title string
	Reason       string // age, window, limit; with until when
}

// Failure is a policy that can't be served.
type Failure struct {
	Policy, Place, Reason string
	Since                 time.Time
}

// Tick is a box that somebody ticked.
type Tick struct {
	Verb string // "release", "retry" or "rebase"
	Key  string // an update's key, IMAGE@TAG of a held version, or a policy's key
}
