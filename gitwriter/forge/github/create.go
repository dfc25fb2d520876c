package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Create opens the pull request, then adds labels, reviewers and assignees.
// GitHub makes labels that it doesn't know, and passes over assignees who may
// not be assigned.
func (f *Forge) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	op := fmt.Sprintf("creating a pull request from %q to %q", pr.Head, pr.Base)
	raw, resp, err := f.client.PullRequests.Create(ctx, f.owner, f.repo, &github.NewPullRequest{
		Title: &pr.Title, Head: &pr.Head, Base: &pr.Base, Body: &pr.Body, Draft: &pr.Draft,
	})
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return forge.PullRequest{}, f.whyRefused(ctx, pr, f.classify(ctx, op, resp, err))
	}
	out := convert(raw)
	f.log.InfoContext(ctx, "created a pull request", "owner", f.owner, "repo", f.repo, "number", out.Number)
	return f.decorate(ctx, out, pr)
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

// decorate adds what the call that creates a pull request can't take.
func (f *Forge) decorate(ctx context.Context, out forge.PullRequest, pr forge.NewPullRequest) (forge.PullRequest, error) {
	ctx = api.Repeatable(ctx)
	var errs []error
	if len(pr.Labels) > 0 {
		labels, resp, err := f.client.Issues.AddLabelsToIssue(ctx, f.owner, f.repo, out.Number, pr.Labels)
		if err != nil {
			errs = append(errs, f.classify(ctx, "adding labels to a pull request", resp, err))
		} else {
			out.Labels = nil
			for _, label := range labels {
				out.Labels = append(out.Labels, label.GetName())
			}
			slices.Sort(out.Labels)
		}
	}
	if len(pr.Reviewers) > 0 {
		_, resp, err := f.client.PullRequests.RequestReviewers(ctx, f.owner, f.repo, out.Number, reviewers(pr.Reviewers))
		if err != nil {
			errs = append(errs, f.classify(ctx, "requesting reviews of a pull request", resp, err))
		}
	}
	if len(pr.Assignees) > 0 {
		_, resp, err := f.client.Issues.AddAssignees(ctx, f.owner, f.repo, out.Number, pr.Assignees)
		if err != nil {
			errs = append(errs, f.classify(ctx, "assigning a pull request", resp, err))
		}
	}
	return out, errors.Join(errs...)
}

// reviewers tells teams, written org/team, from people.
func reviewers(names []string) github.ReviewersRequest {
	var out github.ReviewersRequest
	for _, name := range names {
		if _, team, ok := strings.Cut(name, "/"); ok {
			out.TeamReviewers = append(out.TeamReviewers, team)
		} else {
			out.Reviewers = append(out.Reviewers, name)
		}
	}
	return out
}
