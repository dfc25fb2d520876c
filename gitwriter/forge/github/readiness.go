package github

import (
	"context"
	"errors"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Readiness takes at most four requests: the pull request, whose mergeable_state
// knows the rules of the base, then reviews, statuses and check runs. The last are
// left out where a status has failed already.
func (f *Forge) Readiness(ctx context.Context, number int) (forge.Readiness, error) {
	const op = "reading whether a pull request can be merged"
	raw, err := f.get(ctx, number, op)
	if err != nil {
		return forge.Readiness{}, err
	}
	out := forge.Readiness{HeadSHA: raw.GetHead().GetSHA()}
	reviews, err := f.reviews(ctx, number, op)
	if err != nil {
		return forge.Readiness{}, err
	}
	out.ChangesRequested = changesRequested(reviews)
	if out.Checks, err = f.checks(ctx, raw, op); err != nil {
		return forge.Readiness{}, err
	}
	out.Mergeable, out.Conflict, out.Reason = standing(raw)
	if !out.Mergeable && !out.Conflict && out.ChangesRequested {
		out.Reason = "a reviewer asked for changes"
	}
	return out, nil
}

// standing reads what GitHub says of a merge, in the words of GraphQL's
// MergeStateStatus, which the REST API gives in lower case. GitHub works it out in
// the background; until then mergeable is null and the state unknown.
func standing(raw *github.PullRequest) (mergeable, conflict bool, reason string) {
	state := raw.GetMergeableState()
	switch {
	case raw.GetState() != string(forge.StateOpen):
		return false, false, "it isn't open"
	case state == "dirty" || raw.Mergeable != nil && !*raw.Mergeable:
		return false, true, "it conflicts with its base"
	case raw.GetDraft() || state == "draft":
		return false, false, "it is a draft"
	case raw.Mergeable == nil:
		return false, false, "GitHub is still working out whether it can be merged"
	}
	switch state {
	case "clean", "unstable", "has_hooks":
		return true, false, ""
	case "behind":
		return false, false, "its branch is behind the base, and must not be"
	case "blocked":
		return false, false, "the rules of its base aren't met yet (checks or approvals)"
	default:
		return false, false, "GitHub is still working out whether it can be merged"
	}
}

// changesRequested takes the last opinion of each reviewer; a comment is none. Only
// people of the repository count, or anybody could hold up a public one.
func changesRequested(reviews []*github.PullRequestReview) bool {
	last := map[string]string{}
	for _, review := range reviews {
		insider := slices.Contains([]string{"OWNER", "MEMBER", "COLLABORATOR"}, review.GetAuthorAssociation())
		switch state := review.GetState(); state {
		case "APPROVED", "CHANGES_REQUESTED", "DISMISSED":
			if insider {
				last[review.GetUser().GetLogin()] = state
			}
		}
	}
	for _, state := range last {
		if state == "CHANGES_REQUESTED" {
			return true
		}
	}
	return false
}

// checks takes statuses and check runs together; GitHub keeps them apart.
func (f *Forge) checks(ctx context.Context, raw *github.PullRequest, op string) (forge.Checks, error) {
	sha := raw.GetHead().GetSHA()
	combined, resp, err := f.sdk().Repositories.GetCombinedStatus(ctx, f.owner, f.repo, sha, &github.ListOptions{PerPage: 1})
	if err != nil {
		return "", f.classify(ctx, op, resp, err)
	}
	worst := forge.ChecksNone
	if combined.GetTotalCount() > 0 {
		worst = byWord(combined.GetState())
	}
	if worst == forge.ChecksFailure {
		return worst, nil
	}
	options := &github.ListCheckRunsOptions{ListOptions: github.ListOptions{PerPage: perPage}}
	err = api.Pages(func(page int) (int, error) {
		options.Page = page
		runs, resp, err := f.sdk().Checks.ListCheckRunsForRef(ctx, f.owner, f.repo, sha, options)
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, run := range runs.CheckRuns {
			worst = worse(worst, outcome(run))
		}
		return resp.NextPage, nil
	})
	if errors.Is(err, forge.ErrForbidden) {
		return unseen(raw, worst), nil
	}
	if err != nil {
		return "", f.classify(ctx, op, nil, err)
	}
	return worst, nil
}

// unseen stands in for check runs that the token may not read: no fine-grained one
// may, in a private repository. GitHub's own word counts them: it calls clean what
// has nothing that isn't green, and the rest is then as good as its statuses.
func unseen(raw *github.PullRequest, statuses forge.Checks) forge.Checks {
	switch raw.GetMergeableState() {
	case "clean", "has_hooks":
		return statuses
	default:
		return worse(statuses, forge.ChecksPending)
	}
}

// byWord reads a combined status; error is a failure, too.
func byWord(state string) forge.Checks {
	switch state {
	case "success":
		return forge.ChecksSuccess
	case "pending":
		return forge.ChecksPending
	default:
		return forge.ChecksFailure
	}
}

// outcome reads a check run. What was skipped, or doesn't mind, counts as GitHub
// counts it: as success.
func outcome(run *github.CheckRun) forge.Checks {
	if run.GetStatus() != "completed" {
		return forge.ChecksPending
	}
	switch run.GetConclusion() {
	case "success", "neutral", "skipped":
		return forge.ChecksSuccess
	default:
		return forge.ChecksFailure
	}
}

func worse(a, b forge.Checks) forge.Checks {
	order := []forge.Checks{forge.ChecksNone, forge.ChecksSuccess, forge.ChecksPending, forge.ChecksFailure}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}
