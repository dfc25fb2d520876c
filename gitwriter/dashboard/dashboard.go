// Package dashboard makes the issue that shows all updates of a repository, and reads
// the boxes that people tick in it. It is pure: it knows no forge, and who may tick is
// the forge's to say: only who may edit the issue can.
package dashboard

import "time"

// Data is all that the dashboard shows. Texts come from outside and may hold anything.
// But for what waits, which stands in the order in which it will be proposed, the order
// doesn't matter.
type Data struct {
	// Scope tells bots apart that look after different folders of one repository: each
	// has an issue of its own.
	Scope    string
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
	State  State
	Until  time.Time // when StateHeld ends by itself; zero if it doesn't
	Reason string    // one sentence; may be empty
}

// State says where an update's pull request stands.
type State string

// The states. Any other is shown as it is, among those that are open.
const (
	StateOpen   State = "open"
	StateHeld   State = "held"   // left as it is, since somebody asked for it
	StateFrozen State = "frozen" // somebody committed to its branch
	StateClosed State = "closed" // by a person, without a merge
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

// Verb is what a tick asks for.
type Verb string

// The verbs.
const (
	Release Verb = "release" // propose again what was closed or moved back, or end a hold
	Retry   Verb = "retry"   // look at a policy again at once
	Rebase  Verb = "rebase"  // build a branch anew from its base
)

// Tick is a box that somebody ticked.
type Tick struct {
	Verb Verb
	Key  string // an update's key, IMAGE@TAG of a held version, or a policy's key
}
