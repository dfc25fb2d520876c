package gitwriter

import (
	"fmt"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

const reasonNothing = "the base branch has these versions already"

// facts is all that deciding needs: the update as wanted, and Git and the forge as
// they are.
type facts struct {
	key        string
	base, tree gitrepo.Hash
	title      string
	body       string

	branch *gitrepo.CommitInfo // the branch's head; nil where there is no branch
	ours   bool                // that head is a commit of ours, by committer and trailers
	// unsigned: that head lacks the signature that ours have. It is still ours: a key
	// may be new, and what is only signed wrongly is signed anew, not given up.
	unsigned bool
	pulls    []forge.PullRequest // all of branch and base, newest first

	pushOnly bool // there is no forge, or none with pull requests
}

// plan is what to do: the steps in their order, and the outcome that they lead to.
type plan struct {
	action Action
	reason string
	pull   *forge.PullRequest // the one that the action is about

	push   bool // commit on the base and push, with the branch's head as the lease
	create bool // open a pull request
	text   bool // write title and body of pull
}

// decide is the life cycle of a pull request, as a function of facts alone.
func decide(f facts) plan {
	var open *forge.PullRequest
	var ended *forge.PullRequest // not open, with this very key
	var spent bool               // the branch's head was merged: nobody needs it any more
	for i := range f.pulls {
		pull := &f.pulls[i]
		switch {
		case pull.State == forge.StateOpen && open == nil:
			open = pull
		case pull.State != forge.StateOpen && ended == nil && bodyKey(pull.Body) == f.key:
			ended = pull
		}
		if pull.State == forge.StateMerged && f.branch != nil && pull.HeadSHA == string(f.branch.Hash) {
			spent = true
		}
	}
	sameKey := open != nil && bodyKey(open.Body) == f.key
	if ended != nil && !sameKey {
		return plan{action: ActionClosedByPerson, reason: endedReason(ended), pull: ended}
	}
	if f.branch != nil && !f.ours && (open != nil || !spent) {
		return plan{action: ActionFrozen, pull: open, reason: fmt.Sprintf(
			"the branch holds commit %s by %s; it is left alone until that is merged or the branch is deleted",
			f.branch.Hash.Short(), oneLine(f.branch.Committer.Name, 60))}
	}
	p := plan{pull: open, push: !f.current()}
	switch {
	case open == nil:
		p.action, p.create, p.reason = ActionCreated, true, createdReason(f, p.push)
	case !sameKey:
		p.action, p.text, p.reason = ActionUpdated, true, "other versions fit now than the pull request proposed"
	case p.push && f.sameContent():
		p.action, p.reason = ActionUpdated, "the branch was signed anew: its commit wasn't signed with the bot's key"
	case p.push:
		p.action, p.reason = ActionUpdated, "the branch was rebuilt on the base branch as it is now"
	default:
		p.action, p.reason = ActionUnchanged, "the pull request is open and up to date"
	}
	return p
}

// current tells whether the branch is what would be pushed: the same files on the
// same base under the same key. The commit's hash may differ, by its date.
func (f facts) current() bool { return f.sameContent() && !f.unsigned }

func (f facts) sameContent() bool {
	return f.branch != nil && f.ours &&
		len(f.branch.Parents) == 1 && f.branch.Parents[0] == f.base &&
		f.branch.Tree == f.tree &&
		ParseTrailers(f.branch.Message).Key == f.key
}

func endedReason(pull *forge.PullRequest) string {
	if pull.State == forge.StateMerged {
		return fmt.Sprintf("these versions were merged with pull request #%d and taken back since", pull.Number)
	}
	return fmt.Sprintf("pull request #%d proposed these versions and was closed", pull.Number)
}

func createdReason(f facts, push bool) string {
	if f.branch != nil && !push {
		return "the branch was there already, without a pull request"
	}
	return "newer versions fit"
}
