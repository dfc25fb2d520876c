// Package plain stands for a Git server that has no pull requests: the bot
// pushes its branch, and people take it from there. It keeps nothing and calls
// nobody.
package plain

import (
	"context"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Forge has no pull requests and takes none. The zero value is ready.
type Forge struct{}

var _ forge.Forge = Forge{}

// List returns forge.ErrUnsupported: by it the writer knows, before it has done
// anything, that there will be no pull request.
func (Forge) List(context.Context, forge.Filter) ([]forge.PullRequest, error) {
	return nil, unsupported("listing pull requests")
}

// Create returns forge.ErrUnsupported, by which the writer knows that the
// pushed branch is all there will be.
func (Forge) Create(context.Context, forge.NewPullRequest) (forge.PullRequest, error) {
	return forge.PullRequest{}, unsupported("creating a pull request")
}

// Update returns forge.ErrUnsupported.
func (Forge) Update(context.Context, int, forge.Change) (forge.PullRequest, error) {
	return forge.PullRequest{}, unsupported("updating a pull request")
}

// Comment returns forge.ErrUnsupported.
func (Forge) Comment(context.Context, int, string) error {
	return unsupported("commenting on a pull request")
}

// SetStatus returns forge.ErrUnsupported.
func (Forge) SetStatus(context.Context, string, forge.Status) error {
	return unsupported("setting a commit status")
}

// Decorate returns forge.ErrUnsupported.
func (Forge) Decorate(context.Context, int, forge.Decoration) (forge.PullRequest, error) {
	return forge.PullRequest{}, unsupported("decorating a pull request")
}

// Comments returns forge.ErrUnsupported.
func (Forge) Comments(context.Context, int, time.Time) ([]forge.Comment, error) {
	return nil, unsupported("reading comments")
}

// Permission returns forge.ErrUnsupported.
func (Forge) Permission(context.Context, string) (forge.Permission, error) {
	return forge.PermissionNone, unsupported("reading a permission")
}

// Readiness returns forge.ErrUnsupported.
func (Forge) Readiness(context.Context, int) (forge.Readiness, error) {
	return forge.Readiness{}, unsupported("reading checks")
}

// Merge returns forge.ErrUnsupported.
func (Forge) Merge(context.Context, int, forge.MergeRequest) (forge.PullRequest, error) {
	return forge.PullRequest{}, unsupported("merging a pull request")
}

// Automerge returns forge.ErrUnsupported.
func (Forge) Automerge(context.Context, int, forge.MergeRequest) error {
	return unsupported("merging automatically")
}

// CancelAutomerge returns forge.ErrUnsupported.
func (Forge) CancelAutomerge(context.Context, int) error {
	return unsupported("ending an automatic merge")
}

// ListIssues returns forge.ErrUnsupported.
func (Forge) ListIssues(context.Context, string) ([]forge.Issue, error) {
	return nil, unsupported("listing issues")
}

// Issue returns forge.ErrUnsupported.
func (Forge) Issue(context.Context, int) (forge.Issue, error) {
	return forge.Issue{}, unsupported("reading an issue")
}

// CreateIssue returns forge.ErrUnsupported.
func (Forge) CreateIssue(context.Context, forge.NewIssue) (forge.Issue, error) {
	return forge.Issue{}, unsupported("creating an issue")
}

// UpdateIssue returns forge.ErrUnsupported.
func (Forge) UpdateIssue(context.Context, int, forge.Change) (forge.Issue, error) {
	return forge.Issue{}, unsupported("updating an issue")
}

// Links gives none: a plain Git server has no pages.
func (Forge) Links() forge.Links { return forge.Links{} }

func unsupported(op string) error {
	return &forge.Error{Op: op, Err: forge.ErrUnsupported}
}
