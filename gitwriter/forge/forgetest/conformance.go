package forgetest

import (
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Harness is a forge under test, with a repository of its own, and what a test
// does or sees behind the adapter's back. A nil function leaves out the points
// that need it, which Lacks must explain.
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
	ReadsBack         Capability = "lets comments be read back"
	AsksPeople        Capability = "asks people"
	RemembersDeleted  Capability = "remembers the name of a deleted branch"
	Reopens           Capability = "opens again what was closed"
	ListsMany         Capability = "lists many"
	HasDrafts         Capability = "has drafts"
)

// run is one point of the suite, on a harness of its own.
type run struct {
	*testing.T
	Harness
}

// Conformance runs the suite that each implementation of forge.Forge passes. The
// function makes a harness with a fresh repository each time.
func Conformance(t *testing.T, harness func(*testing.T) Harness) {
	points := []struct {
		name  string
		needs Capability
		point func(run)
	}{
		{"an empty repository lists nothing", "", listsNothing},
		{"create gives what was asked for", "", createsAll},
		{"create makes labels and says which", "", createsLabels},
		{"create asks reviewers and assigns", AsksPeople, createsPeople},
		{"create keeps text to the byte", "", keepsText},
		{"a draft is a draft and keeps its title", HasDrafts, createsDraft},
		{"a second pull request is ErrExists", RefusesDuplicates, refusesDuplicate},
		{"a closed one doesn't stand in the way", RefusesDuplicates, allowsAfterClose},
		{"a missing head or base is ErrInvalid", RefusesMissing, refusesMissing},
		{"a head without commits is ErrInvalid", RefusesEmpty, refusesEmpty},
		{"the list is filtered and newest first", "", filters},
		{"the list has all pages", ListsMany, listsAllPages},
		{"update changes only what it is told", "", updates},
		{"update closes and opens again", Reopens, closesAndReopens},
		{"update of what isn't there is ErrNotFound", "", refusesUpdate},
		{"update can't merge", "", refusesMergeByUpdate},
		{"merged is not closed", "", tellsMerged},
		{"a deleted branch is remembered", RemembersDeleted, remembersHead},
		{"the head's commit follows pushes", FollowsHead, followsHead},
		{"comment comments", ReadsBack, comments},
		{"comment on what isn't there is ErrNotFound", "", refusesComment},
		{"a status replaces the one of its context", HasStatuses, setsStatuses},
		{"a long description is cut", HasStatuses, cutsDescription},
		{"a status on no commit is ErrInvalid", HasStatuses, refusesStatus},
		{"an unknown credential is ErrUnauthorized", RefusesStrangers, refusesStranger},
		{"a missing repository is ErrNotFound", "", refusesMissingRepository},
		{"an ended context ends the call", "", obeysContext},
		{"calls side by side don't mix", "", sideBySide},
	}
	for _, p := range points {
		t.Run(p.name, func(t *testing.T) {
			h := harness(t)
			if why, lacking := h.Lacks[p.needs]; lacking && p.needs != "" {
				t.Skipf("left out: the server doesn't do this point (%s): %s", p.needs, why)
			}
			p.point(run{T: t, Harness: h})
		})
	}
}

// create opens a pull request from a branch made for it.
func (r run) create(head string) forge.PullRequest {
	r.Helper()
	r.Push(r.T, head, head+".txt")
	pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: head, Base: r.Base, Title: "From " + head, Body: "Body of " + head})
	if err != nil {
		r.Fatalf("Create: %v", err)
	}
	return pr
}

func (r run) list(filter forge.Filter) []forge.PullRequest {
	r.Helper()
	list, err := r.Forge.List(r.Context(), filter)
	if err != nil {
		r.Fatalf("List(%+v): %v", filter, err)
	}
	return list
}

// get finds a pull request in the list of all.
func (r run) get(number int) forge.PullRequest {
	r.Helper()
	for _, pr := range r.list(forge.Filter{}) {
		if pr.Number == number {
			return pr
		}
	}
	r.Fatalf("List has no pull request %d", number)
	return forge.PullRequest{}
}

func (r run) update(number int, change forge.Change) forge.PullRequest {
	r.Helper()
	pr, err := r.Forge.Update(r.Context(), number, change)
	if err != nil {
		r.Fatalf("Update(%d): %v", number, err)
	}
	return pr
}

func ptr[T any](value T) *T { return &value }
