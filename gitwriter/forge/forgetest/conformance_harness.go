package forgetest

import (
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Harness is a forge under test, with a repository of its own, and what a test
// does or sees behind the adapter's back. A nil function leaves out the points
// that need it.
type Harness struct {
	// Forge speaks for the repository.
	Forge forge.Forge
	// Base is a branch with at least one commit.
	Base string
	// Push makes a branch off Base with a commit that adds a file of that name,
	// or adds such a commit to the branch. It returns the branch's commit.
	Push func(t *testing.T, branch, file string) (sha string)
	// DeleteBranch deletes a branch.
	DeleteBranch func(t *testing.T, branch string)
	// Merge merges a pull request and returns the commit made on the base.
	Merge func(t *testing.T, number int) (sha string)
	// Comments gives the bodies of a pull request's comments.
	Comments func(t *testing.T, number int) []string
	// Statuses gives the newest status of each context of a commit.
	Statuses func(t *testing.T, sha string) map[string]forge.Status
	// People gives the logins who were asked to review, and who are assigned.
	People func(t *testing.T, number int) (reviewers, assignees []string)
	// Colleague is a login that may be asked to review and be assigned.
	Colleague string
	// BadCredential is the same repository with a credential nobody knows.
	BadCredential forge.Forge
	// Missing is a repository that isn't there, with a good credential.
	Missing forge.Forge
	// Write commits a file with that content to a branch, and returns the branch's commit.
	Write func(t *testing.T, branch, file, content string) (sha string)
	// Check puts a check on a commit, as whoever runs the tests of a repository does:
	// pending, success or failure. A later one of the same name takes its place.
	Check func(t *testing.T, sha, name string, state forge.Checks)
	// Review says, as Colleague, what they think of a pull request: approval, or that
	// something must change.
	Review func(t *testing.T, number int, approve bool)
	// Protect lets nothing be merged into Base until the check of that name succeeds.
	Protect func(t *testing.T, check string)
	// AllowAutomerge changes whether the repository lets pull requests be set to merge
	// by themselves. It is nil where no setting forbids that.
	AllowAutomerge func(t *testing.T, allow bool)
	// EditComment changes a comment on a pull request.
	EditComment func(t *testing.T, number int, id int64, body string)
	// Milestone makes a milestone.
	Milestone func(t *testing.T, title string)
	// Requests counts the requests that the server has had.
	Requests func() int
	// Fetch gets a page as a browser does, signed in or not, and returns its status.
	Fetch func(t *testing.T, address string) (status int)
	// Owner may do anything with the repository, Stranger may not write to it, though
	// the server knows them. Colleague may write.
	Owner, Stranger string
	// PageSize is the most that the server gives in one page.
	PageSize int
	// Lacks says what the server can't do or does unlike the forges it stands
	// for, and why. Those points are skipped.
	Lacks map[Capability]string
}

// Capability names a point of the suite that a harness may leave out.
type Capability string

// The points that may be left out.
const (
	RefusesDuplicates Capability = "refuses a second pull request"
	RefusesMissing    Capability = "refuses a missing branch"
	RefusesEmpty      Capability = "refuses a head without commits"
	RefusesStrangers  Capability = "refuses an unknown credential"
	FollowsHead       Capability = "follows the head"
	HasStatuses       Capability = "has statuses"
	TellsErrors       Capability = "tells a status of an error from one of a failure"
	ReadsBack         Capability = "lets comments be read back"
	AsksPeople        Capability = "asks people"
	RemembersDeleted  Capability = "remembers the name of a deleted branch"
	Reopens           Capability = "opens again what was closed"
	ListsMany         Capability = "lists many"
	HasDrafts         Capability = "has drafts"
	ListsUpdated      Capability = "lists by the time of the last update"
	HasComments       Capability = "lists comments"
	HasPermissions    Capability = "tells permissions"
	HasReadiness      Capability = "tells whether a pull request can be merged"
	HasReviews        Capability = "has reviews"
	Merges            Capability = "merges"
	RefusesMerges     Capability = "refuses to merge what isn't ready"
	HasAutomerge      Capability = "merges by itself"
	HasIssues         Capability = "has issues"
)
