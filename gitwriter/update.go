package gitwriter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// Mode says how an update reaches the base branch.
type Mode string

// The modes. The zero value is ModePullRequest.
const (
	ModePullRequest Mode = "pull-request" // a branch and a pull request
	ModeCommit      Mode = "commit"       // a commit on the base branch itself
)

// Update is a set of edits that travel together.
type Update struct {
	// Group names the update; with BranchPrefix it makes the branch's name.
	Group string
	// Base is the branch that the update is made for.
	Base string
	// Mode defaults to ModePullRequest.
	Mode Mode
	// Rewrite computes the new contents of files on a base, a commit, by path, and the changes
	// that they make. It is called anew whenever the base has moved, and must give the
	// same for the same base. No changes mean that there is nothing to do.
	Rewrite func(ctx context.Context, base gitrepo.Hash, files fs.FS) (rewritten map[string][]byte, changes []Change, err error)

	// BranchPrefix begins the branch's name. Default: "towline/".
	BranchPrefix string
	// Decoration is put on a new pull request. Default: nothing.
	Decoration forge.Decoration
	// AuthorName and AuthorEmail are recorded as the commit's author. Default: the
	// committer.
	AuthorName, AuthorEmail string
	// MessageTemplate is a text/template over MessageData for the commit's message;
	// the trailers are added to it. Default: the title and a list of the changes.
	MessageTemplate string
	// SignOff adds the committer's Signed-off-by to the trailers.
	SignOff bool
	// Level is the greatest level of the changes, as far as it is known before they are
	// made; Security says that they close a hole. Both order updates.
	Level    string
	Security bool
	// Draft opens the pull request as a draft.
	Draft bool
	// TitleTemplate and BodyTemplate are text/templates over MessageData: the title in
	// place of the default, and Markdown above the body. Default: none.
	TitleTemplate, BodyTemplate string
	// Conventional says whether titles follow Conventional Commits. Default: always.
	Conventional policy.Conventional
	// Subjects are those of the base's last commits, newest first, without merges and our
	// own: what policy.ConventionalAuto follows. See Convention.
	Subjects []string
	// Rebase says when the branch is built anew. Default: when it is behind.
	Rebase policy.Rebase
	// Automerge says which levels are merged without a person. Default: none.
	Automerge   policy.Automerge
	MergeMethod policy.MergeMethod
	// Details finds out what a reviewer wants to know of each step. It is called only
	// when a body is written, may take a while, and leaves out what it can't find.
	// Default: nothing is known.
	Details func(ctx context.Context, steps []Step) map[Step]Details
	// Notices are sentences for the body about what the update doesn't hold: versions
	// that a person moved back, with since when and by which commit.
	Notices []string
	// Released says that a person has released versions that were moved back in Git: a
	// pull request of the same set that was merged doesn't stand against the update then.
	Released bool
	// RequireSigned makes an update fail that can't be signed: for a Writer without a
	// Signer. One that has a Signer never pushes a commit that it didn't sign.
	RequireSigned bool

	scope string // the session's
}

func (u Update) check() error {
	switch {
	case u.Group == "":
		return errors.New("writing an update: it has no group")
	case u.Base == "":
		return fmt.Errorf("writing update %q: it has no base branch", u.Group)
	case u.Rewrite == nil:
		return fmt.Errorf("writing update %q: it has no rewrite function", u.Group)
	case u.Mode != "" && u.Mode != ModePullRequest && u.Mode != ModeCommit:
		return fmt.Errorf("writing update %q: unknown mode %q", u.Group, u.Mode)
	case u.Mode != ModeCommit && branchName(u) == u.Base:
		return fmt.Errorf("writing update %q: its branch would be the base branch %q", u.Group, u.Base)
	}
	return nil
}
