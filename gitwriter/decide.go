package gitwriter

import (
	"cmp"
	"slices"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

const reasonNothing = "the base branch has these versions already"

// facts is all that deciding needs: the update as wanted, and Git and the forge as
// they are.
type facts struct {
	now    time.Time
	key    string
	base   gitrepo.Hash
	rebase policy.Rebase
	waits  string // why nothing new may be begun; "" when it may
	full   string // why no further pull request may be opened; "" when one may

	branch *gitrepo.CommitInfo // the branch's head; nil where there is no branch
	ours   bool                // that head is a commit of ours, by committer and trailers
	newest time.Time           // the date of the branch's newest commit that the base lacks
	// unsigned: that head lacks the signature that ours have. It is still ours: a key
	// may be new, and what is only signed wrongly is signed anew, not given up.
	unsigned bool
	proposed string // the key that this head says; "" where it isn't ours
	content  bool   // the branch has the wanted files, under the wanted key
	conflict bool   // the base has changed a file that the branch changes
	spent    bool   // the branch's head was merged, or closed by us: nobody needs it any more

	open     *forge.PullRequest // of the branch and the base
	orders   pulls.Orders       // what people ask of it
	ended    *forge.PullRequest // not open, of this very key, by any branch; not one closed by us
	released bool               // somebody wants that proposed again
	freed    bool               // the hold was ended on the dashboard
	retake   bool               // a box on the dashboard asks for a rebase

	pushOnly bool // there is no forge, or none with pull requests
}

// plan is what to do: the steps in their order, and the outcome that they lead to.
type plan struct {
	action Action
	reason string
	pull   *forge.PullRequest // the one that the action is about
	state  string             // what the top of pull's body is to say

	push   bool // commit on the base and push, with the branch's head as the lease
	create bool // open a pull request
	text   bool // write title and body of pull
	close  bool // close pull, as somebody asked
}

// grave tells whether the plan makes something that can't be taken back, so that what
// the forge said must be recent.
func (p plan) grave() bool { return p.create || p.close || p.text }

// decide is the life cycle of a pull request, as a function of facts alone.
func decide(f facts) plan {
	p := f.decide()
	if p.pull != nil && p.pull.State == forge.StateOpen && p.action != ActionClosed {
		p.state = stateBlock(f.lines(p), f.marks(p)...)
		if p.action == ActionFrozen && bodyKey(p.pull.Body) == "" {
			p.state = bodyState(p.pull.Body) // a person's own, by a name that is ours by chance
		}
	}
	return p
}

func (f facts) decide() plan {
	sameKey := f.open != nil && bodyKey(f.open.Body) == f.key
	asked := f.retake || f.orders.RebaseAt.After(f.newest)
	switch {
	case f.open != nil && f.orders.Ignored:
		return plan{action: ActionClosed, close: true, pull: f.open, reason: ignoredReason(f.orders)}
	case f.ended != nil && !f.released && !sameKey:
		return plan{action: ActionClosedByPerson, reason: endedReason(f.ended), pull: f.ended}
	case f.held():
		return plan{action: ActionHeld, pull: f.open, reason: heldReason(f.orders)}
	case f.branch != nil && !f.ours && !f.disposable(asked):
		return plan{action: ActionFrozen, pull: f.open, reason: frozenReason(f.branch, f.open != nil)}
	case f.open == nil:
		return f.begin()
	case f.moved() && f.waits != "":
		return plan{action: ActionWaiting, pull: f.open, reason: f.waits}
	}
	p := plan{action: ActionUpdated, pull: f.open, text: !sameKey}
	p.reason = f.stale(asked)
	p.push = p.reason != ""
	switch {
	case f.moved():
		p.reason = "other versions fit now than the pull request proposed"
	case !sameKey:
		p.reason = "its text lacked what the bot reads back"
	case !p.push:
		p.action, p.reason = ActionUnchanged, "the pull request is open and up to date"
	}
	return p
}

// moved tells whether an open pull request proposes another set than is wanted. Where a
// person has taken the key out of its text, the branch tells; where that is a person's,
// nothing is known.
func (f facts) moved() bool {
	proposed := cmp.Or(bodyKey(f.open.Body), f.proposed, f.key)
	return proposed != f.key
}

// disposable tells whether a branch may go that holds somebody else's commit: while its
// pull request is open when people ask for that, and afterwards when it was merged.
func (f facts) disposable(asked bool) bool {
	if f.open != nil {
		return asked
	}
	return f.spent
}

// begin opens a pull request, or only pushes the branch where there are none.
func (f facts) begin() plan {
	p := plan{action: ActionCreated, create: true, push: f.stale(false) != "", reason: "newer versions fit"}
	switch {
	case f.waits != "" && (p.push || !f.pushOnly):
		return plan{action: ActionWaiting, reason: f.waits}
	case f.full != "" && !f.pushOnly:
		return plan{action: ActionWaiting, reason: f.full}
	case f.branch != nil && !p.push:
		p.reason = "the branch was there already, without a pull request"
	}
	return p
}

// stale says why the branch must be built anew, and "" when it is what would be pushed.
// The commit's hash may differ, by its date.
func (f facts) stale(asked bool) string {
	behind := f.branch == nil || !slices.Equal(f.branch.Parents, []gitrepo.Hash{f.base})
	switch {
	case f.branch == nil || !f.ours && !asked:
		return "the branch was gone"
	case asked:
		return "the branch was rebuilt on the base branch, as somebody asked"
	case !f.content:
		return "the branch held something else"
	case behind && (f.conflict || f.rebase == policy.RebaseBehind || f.rebase == ""):
		if f.rebase == policy.RebaseNever {
			break
		}
		return "the branch was rebuilt on the base branch as it is now"
	case f.unsigned:
		return "the branch was signed anew: its commit wasn't signed with the bot's key"
	}
	return ""
}

func (f facts) held() bool { return f.open != nil && !f.freed && f.now.Before(f.orders.HeldUntil) }
