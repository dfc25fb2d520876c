package github

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Create opens the pull request, then decorates it.
func (f *Forge) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	op := fmt.Sprintf("creating a pull request from %q to %q", pr.Head, pr.Base)
	raw, resp, err := f.sdk().PullRequests.Create(ctx, f.owner, f.repo, &github.NewPullRequest{
		Title: &pr.Title, Head: &pr.Head, Base: &pr.Base, Body: &pr.Body, Draft: &pr.Draft,
	})
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return forge.PullRequest{}, f.whyRefused(ctx, pr, f.classify(ctx, op, resp, err))
	}
	f.log.DebugContext(ctx, "created a pull request", "owner", f.owner, "repo", f.repo, "number", raw.GetNumber())
	return f.decorate(ctx, raw, pr.Decoration, true)
}

// whyRefused tells a duplicate from other refusals. GitHub answers 422 to all of
// them, apart only in English; whether there is an open one is a better question.
func (f *Forge) whyRefused(ctx context.Context, pr forge.NewPullRequest, err error) error {
	var refused *forge.Error
	if !errors.As(err, &refused) || !errors.Is(err, forge.ErrInvalid) {
		return err
	}
	open, listErr := f.List(ctx, forge.Filter{Head: pr.Head, Base: pr.Base, State: forge.StateOpen})
	if listErr != nil || len(open) == 0 {
		return err
	}
	exists := *refused
	exists.Err = forge.ErrExists
	return &exists
}
