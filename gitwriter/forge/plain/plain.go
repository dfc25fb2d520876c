// Package plain stands for a Git server that has no pull requests: the bot
// pushes its branch, and people take it from there. It keeps nothing and calls
// nobody.
package plain

import (
	"context"

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

func unsupported(op string) error {
	return &forge.Error{Op: op, Err: forge.ErrUnsupported}
}
