// Package dashboard makes the issue that shows all updates of a repository, and reads
// the boxes that people tick in it. It is pure: it knows no forge, and who may tick is
// the forge's to say: only who may edit the issue can.
package dashboard

import "time"

// Data is all that the dashboard shows. Texts come from outside and may hold anything.
// What waits is shown in the order in which it stands here; that of the others doesn't
// matter.
type Data struct {
	// Scope tells bots apart that look after different folders of one repository: each
	// has an issue of its own.
	Scope    string
	Updates  []Update
	Held     []Held
	Waiting  []Waiting
	Failures []Failure
	// Ordered are ticks that are still to be followed: their boxes stay ticked.
	Ordered []Tick
}

// Update is one that is proposed, or was.
type Update struct {
	Key    string // of the update; what a tick names
	Group  string
	Title  string
	Number int // of its pull request
	URL    string
	State  string // one of the states below
	Reason string // one sentence, which isn't shown of StateOpen; may be empty
}

// The states of an update. Any other is shown as it is, among those that are open.
const (
	StateOpen   = "open"   // and there is nothing to tell
	StateHeld   = "held"   // left as it is, since somebody asked for it
	StateFrozen = "frozen" // somebody committed to its branch
	StateClosed = "closed" // by a person, without a merge
	StateMerged = "merged" // and taken back by a person
)

// Held is a version that isn't proposed since a person moved it back in Git.
type Held struct {
	Image, Current, Tag string // Tag is the version that is held
	Commit, CommitURL   string
	Author              string
	Since               time.Time
}

// Key is what a tick names: IMAGE@TAG.
func (h Held) Key() string { return h.Image + "@" + h.Tag }

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

// The verbs of ticks.
const (
	Release = "release" // propose again what was closed or moved back, or end a hold
	Retry   = "retry"   // look at a policy again at once
	Rebase  = "rebase"  // build a branch anew from its base, whoever committed to it
)

// Tick is a box that somebody ticked.
type Tick struct {
	Verb string // one of the verbs above
	Key  string // an update's key, IMAGE@TAG of a held version, or a policy's key
}
