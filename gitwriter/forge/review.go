package forge

import "time"

// Comment is one contribution to a conversation.
type Comment struct {
	ID        int64
	Author    string // login
	Bot       bool   // the forge says that the author is a program
	Body      string // Markdown
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Permission is what somebody may do with a repository.
type Permission int

// The permissions, each including the ones before.
const (
	PermissionNone Permission = iota
	PermissionRead
	PermissionWrite // may push: commands are obeyed from here on
	PermissionAdmin
)

// Checks is how the checks of a pull request's head stand, all taken together.
type Checks string

// The states of checks.
const (
	ChecksNone    Checks = "none" // nobody reported any
	ChecksPending Checks = "pending"
	ChecksSuccess Checks = "success"
	ChecksFailure Checks = "failure"
)

// Readiness tells whether a pull request can be merged.
type Readiness struct {
	HeadSHA string // what the rest is about
	// Mergeable says that the forge would take a merge now: its rules are met and
	// nothing conflicts. Conflict says that base and head do.
	Mergeable, Conflict bool
	Checks              Checks
	ChangesRequested    bool   // a reviewer's last word is that something must change
	Reason              string // what it waits for, for people; "" when Mergeable
}

// MergeMethod is how a merge is made.
type MergeMethod string

// The methods.
const (
	MergeCommit MergeMethod = "merge"
	MergeSquash MergeMethod = "squash"
	MergeRebase MergeMethod = "rebase"
)

// MergeRequest says how to merge, and what.
type MergeRequest struct {
	Method MergeMethod
	// SHA is the head that was looked at; another one isn't merged.
	SHA string
	// Title and Message are the commit's where the method makes one; empty leaves them
	// to the forge.
	Title, Message string
}

// Issue is a conversation that belongs to no change.
type Issue struct {
	Number    int
	URL       string
	Title     string
	Body      string
	State     State // StateOpen or StateClosed
	Author    string
	Labels    []string
	UpdatedAt time.Time
}

// NewIssue describes the issue to open.
type NewIssue struct {
	Title, Body string
	Labels      []string
}

// Links makes addresses of a forge's pages for one repository. The zero value makes
// none: each method gives "".
type Links struct {
	// File gives the page of a file at a commit, with a line (1-based; 0 for none).
	File func(sha, path string, line int) string
	// Compare gives the page of what lies between two commits, branches or tags.
	Compare func(from, to string) string
	// Commit gives the page of a commit.
	Commit func(sha string) string
	// PullRequest gives the page of a pull request.
	PullRequest func(number int) string
}
