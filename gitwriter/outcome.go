package gitwriter

import (
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// Action is what became of an update.
type Action string

// The actions.
const (
	ActionNothing        Action = "nothing"          // the base is as the update wants it
	ActionCreated        Action = "created"          // a pull request was opened
	ActionUpdated        Action = "updated"          // an open pull request was changed
	ActionUnchanged      Action = "unchanged"        // an open pull request is as it should be
	ActionClosedByPerson Action = "closed-by-person" // this very set was proposed before, and closed
	ActionFrozen         Action = "frozen"           // the branch holds somebody else's commit
	ActionCommitted      Action = "committed"        // the base branch has a new commit
	ActionPushed         Action = "pushed"           // the branch is pushed; the forge has no pull requests
	ActionWaiting        Action = "waiting"          // a limit or a window keeps it back
	ActionHeld           Action = "held"             // somebody asked to leave the pull request as it is
	ActionClosed         Action = "closed"           // nothing is left to do, so the pull request was closed
	ActionMerged         Action = "merged"           // the pull request was merged, as its level allows
	ActionDeleted        Action = "deleted"          // a branch that nobody needs was deleted
)

// Outcome says what was done, or in a Preview what would be.
type Outcome struct {
	Action      Action
	Group       string             // the update's; of a branch without an update what its name tells
	Branch      string             // the update's branch; the base branch in ModeCommit
	Base        gitrepo.Hash       // the base that the changes were computed on
	Commit      gitrepo.Hash       // the head of Branch, where there is one
	PullRequest *forge.PullRequest // the pull request that Action is about, if any
	Key         string             // the key of Changes
	Changes     []Change           // as Rewrite gave them
	Reason      string             // one sentence for people: why this action
	// Warning is what went wrong beside the point, such as a label that couldn't be
	// set. The update itself is done.
	Warning error
}
