// Package forge is what Towline asks of the server that hosts a repository:
// propose a change as a pull request, keep that proposal up to date, and say on
// a commit how it fared. Each kind of server is a child package, and only the
// command names them; the rest of the program knows the Forge interface alone.
//
// The package holds no state and pushes no commit. Branches are Git's business
// (internal/gitrepo); a Forge only ever refers to them by name. A forge value
// speaks for one repository.
package forge

import (
	"context"
	"time"
)

// Forge manages the pull requests and commit statuses of one repository.
//
// Every method returns one of this package's errors (see Error), so that a
// caller can branch without knowing the server. Reads, and writes that may be
// repeated without harm, are tried once more by the adapter after a network
// error or a 5xx answer. Create and Comment never are: after a cut-off answer
// nobody but the caller, with another List, can tell whether they took effect.
type Forge interface {
	// List returns all pull requests that fit the filter, newest first. Those
	// that come from a fork are left out: a stranger may name a branch of a
	// fork as Towline names its own.
	List(ctx context.Context, filter Filter) ([]PullRequest, error)

	// Create opens a pull request. ErrExists when one is open already from that
	// head to that base; ErrInvalid when a branch is missing or the head has
	// nothing that the base lacks (Gitea doesn't mind the latter). Labels, reviewers and assignees are added
	// afterwards, and since the pull request exists by then, what goes wrong
	// with them comes back as an error together with the pull request: its
	// Number is then not zero.
	Create(ctx context.Context, pr NewPullRequest) (PullRequest, error)

	// Update changes title, body or state; nil leaves a field as it is.
	// StateMerged can't be asked for: merging is a person's act.
	Update(ctx context.Context, number int, change Change) (PullRequest, error)

	// Comment adds a comment to the pull request's conversation.
	Comment(ctx context.Context, number int, body string) error

	// SetStatus puts a status on a commit, in place of an earlier one of the
	// same context.
	SetStatus(ctx context.Context, sha string, status Status) error

	// Decorate gives a pull request what is still missing of the decoration, and takes
	// nothing away. It may be repeated. What goes wrong with one part doesn't stop the
	// others; the error tells of all.
	Decorate(ctx context.Context, number int, d Decoration) (PullRequest, error)

	Reviewing
	Merging
	Issues

	// Links makes addresses of the forge's pages. It asks nobody.
	Links() Links
}

// Reviewing is what people say about pull requests, and who they are.
type Reviewing interface {
	// Comments gives the conversation of a pull request or issue, oldest first: what
	// was written or changed at since or later. Comments on lines of the diff aren't
	// among them. The author's permission isn't known from it; see Permission.
	Comments(ctx context.Context, number int, since time.Time) ([]Comment, error)
	// Permission tells what a login may do with the repository. Who isn't known to it
	// has PermissionNone; that is no error.
	Permission(ctx context.Context, login string) (Permission, error)
}

// Merging is how pull requests are merged without a person's click.
type Merging interface {
	// Readiness tells whether the forge would merge, and what it waits for.
	Readiness(ctx context.Context, number int) (Readiness, error)
	// Merge merges now. ErrNotReady says that the head isn't at MergeRequest.SHA, or that
	// the forge's rules (checks, approvals, conflicts) stand against it.
	Merge(ctx context.Context, number int, m MergeRequest) (PullRequest, error)
	// Automerge asks the forge to merge by itself as soon as its rules are met. It may be
	// repeated. ErrUnsupported where the forge, or the repository's settings, don't have
	// it; ErrNotReady where there is nothing to wait for, and Merge is the thing to do.
	Automerge(ctx context.Context, number int, m MergeRequest) error
	// CancelAutomerge takes that back, whoever asked for it. It may be repeated, and
	// where nothing was asked for, or the pull request isn't open, it has nothing to do.
	// ErrUnsupported where there is no such thing as Automerge at all.
	CancelAutomerge(ctx context.Context, number int) error
}

// Issues are what a dashboard needs of a forge.
type Issues interface {
	// ListIssues gives the open issues with a label, newest first; pull requests aren't
	// among them. Who wrote them is for the caller to check.
	ListIssues(ctx context.Context, label string) ([]Issue, error)
	// Issue gives one issue.
	Issue(ctx context.Context, number int) (Issue, error)
	// CreateIssue opens an issue; its labels are made if missing. As with Create it is
	// never tried twice.
	CreateIssue(ctx context.Context, issue NewIssue) (Issue, error)
	// UpdateIssue changes title, body or state of an issue.
	UpdateIssue(ctx context.Context, number int, change Change) (Issue, error)
}

// State says where a pull request stands. Merged and closed exclude each other
// here, while most servers report a merged one as closed, too.
type State string

// The states of a pull request.
const (
	StateOpen   State = "open"
	StateClosed State = "closed"
	StateMerged State = "merged"
)

// PullRequest is a proposal to merge the branch Head into the branch Base.
type PullRequest struct {
	Number     int
	URL        string // the page for people
	Title      string
	Body       string // Markdown
	Head, Base string // branch names, without refs/heads/
	HeadSHA    string // the head's commit: 40 hex digits
	MergeSHA   string // the commit the merge made on the base; "" unless merged
	State      State
	Draft      bool
	Author     string   // login
	Labels     []string // in bytewise order
	Milestone  string   // its title; "" for none
	// Automerge says that the forge was asked to merge it by itself, and AutomergeBy by
	// which login. Gitea's answers tell neither.
	Automerge   bool
	AutomergeBy string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ClosedAt    time.Time // zero while open
}

// Filter picks pull requests; a zero field picks any.
type Filter struct {
	Head, Base string // branch names, compared exactly
	State      State
	// Since leaves out what was last updated before it. The adapter reads the newest
	// updated first and no further than that, so that nothing new costs one request.
	Since time.Time
}

// Matches tells whether the filter picks the pull request.
func (f Filter) Matches(pr PullRequest) bool {
	return (f.Head == "" || f.Head == pr.Head) &&
		(f.Base == "" || f.Base == pr.Base) &&
		(f.State == "" || f.State == pr.State) &&
		!pr.UpdatedAt.Before(f.Since)
}

// NewPullRequest describes the pull request to open. Head and Base are branches
// of the forge's one repository.
type NewPullRequest struct {
	Head, Base string
	Title      string
	Body       string
	Decoration
	Draft bool
}

// Decoration is what is put on a pull request beside its text.
type Decoration struct {
	Labels    []string // made if missing
	Reviewers []string // logins; "org/team" asks a team
	Assignees []string // logins
	Milestone string   // its title; one that the repository doesn't have is ErrInvalid
}

// IsZero tells whether there is nothing to put on.
func (d Decoration) IsZero() bool {
	return len(d.Labels)+len(d.Reviewers)+len(d.Assignees) == 0 && d.Milestone == ""
}

// Change is what Update alters; a nil field stays as it is.
type Change struct {
	Title *string
	Body  *string
	State *State // StateOpen or StateClosed
}

// StatusState is the outcome that a Status reports.
type StatusState string

// The outcomes, named as GitHub and Gitea name them.
const (
	StatusPending StatusState = "pending"
	StatusSuccess StatusState = "success"
	StatusFailure StatusState = "failure"
	StatusError   StatusState = "error"
)

// MaxDescription is the length in bytes that every forge takes for a status's
// description. Adapters cut a longer one at a rune's start.
const MaxDescription = 140

// Status is a commit's mark by one reporter.
type Status struct {
	Context     string // who reports, such as "towline/shop"
	State       StatusState
	Description string
	URL         string // more about it; may be empty
}
