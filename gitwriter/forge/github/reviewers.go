package github

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// askReviewers asks whoever wasn't asked yet. Whoever has reviewed isn't asked any
// more, by GitHub's own account, and to ask again would be to say that the review
// is stale; so the reviews count as having been asked. A team's member who reviewed
// can't be told from others, so that one review stands for all teams. A fresh pull
// request, opened a moment ago, has no reviews.
func (f *Forge) askReviewers(ctx context.Context, raw *github.PullRequest, names []string, fresh bool) error {
	asked := append(logins(raw.RequestedReviewers), raw.GetUser().GetLogin()) // nobody reviews their own
	for _, team := range raw.RequestedTeams {
		asked = append(asked, f.owner+"/"+team.GetSlug())
	}
	left := missing(names, asked)
	if len(left) > 0 && !fresh {
		reviews, err := f.reviews(ctx, raw.GetNumber(), "requesting reviews of a pull request")
		if err != nil {
			return err
		}
		for _, review := range reviews {
			asked = append(asked, review.GetUser().GetLogin())
		}
		left = slices.DeleteFunc(missing(left, asked), func(name string) bool {
			return len(reviews) > 0 && strings.Contains(name, "/")
		})
	}
	if len(left) == 0 {
		return nil
	}
	err := f.request(ctx, raw.GetNumber(), left)
	if len(left) == 1 || !errors.Is(err, forge.ErrInvalid) {
		return err
	}
	// One whom GitHub doesn't take loses it all the others.
	var errs []error
	for _, name := range left {
		if err := f.request(ctx, raw.GetNumber(), []string{name}); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (f *Forge) request(ctx context.Context, number int, names []string) error {
	_, resp, err := f.sdk().PullRequests.RequestReviewers(ctx, f.owner, f.repo, number, reviewers(names))
	if err != nil {
		return f.classify(ctx, "requesting reviews of a pull request", resp, err)
	}
	return nil
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

// reviews lists all reviews, oldest first.
func (f *Forge) reviews(ctx context.Context, number int, op string) ([]*github.PullRequestReview, error) {
	options := &github.ListOptions{PerPage: perPage}
	var out []*github.PullRequestReview
	err := api.Pages(func(page int) (int, error) {
		options.Page = page
		list, resp, err := f.sdk().PullRequests.ListReviews(ctx, f.owner, f.repo, number, options)
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		out = append(out, list...)
		return resp.NextPage, nil
	})
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	return out, nil
}
