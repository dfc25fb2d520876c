package github

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// ListIssues drops the pull requests, which GitHub lists among the issues.
func (f *Forge) ListIssues(ctx context.Context, label string) ([]forge.Issue, error) {
	const op = "listing issues"
	options := &github.IssueListByRepoOptions{
		State: "open", Labels: []string{label}, Sort: "created", Direction: "desc", ListOptions: github.ListOptions{PerPage: perPage},
	}
	seen := map[int]bool{}
	var out []forge.Issue
	err := api.Pages(func(page int) (int, error) {
		options.Page = page
		list, resp, err := f.sdk().Issues.ListByRepo(ctx, f.owner, f.repo, options)
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, raw := range list {
			if !raw.IsPullRequest() && !seen[raw.GetNumber()] {
				seen[raw.GetNumber()] = true
				out = append(out, convertIssue(raw))
			}
		}
		return resp.NextPage, nil
	})
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	slices.SortStableFunc(out, func(a, b forge.Issue) int { return cmp.Compare(b.Number, a.Number) })
	return out, nil
}

// Issue reads one issue; a pull request of that number isn't one.
func (f *Forge) Issue(ctx context.Context, number int) (forge.Issue, error) {
	const op = "reading an issue"
	raw, resp, err := f.sdk().Issues.Get(ctx, f.owner, f.repo, number)
	if err == nil && raw.IsPullRequest() {
		return forge.Issue{}, &forge.Error{Op: op, Message: "it is a pull request", Err: forge.ErrNotFound}
	}
	return f.issue(ctx, op, raw, resp, err)
}

// CreateIssue opens an issue. GitHub makes labels that it doesn't know.
func (f *Forge) CreateIssue(ctx context.Context, issue forge.NewIssue) (forge.Issue, error) {
	request := &github.IssueRequest{Title: &issue.Title, Body: &issue.Body}
	if len(issue.Labels) > 0 {
		request.Labels = &issue.Labels
	}
	raw, resp, err := f.sdk().Issues.Create(ctx, f.owner, f.repo, request)
	return f.issue(ctx, "creating an issue", raw, resp, err)
}

// UpdateIssue edits an issue.
func (f *Forge) UpdateIssue(ctx context.Context, number int, change forge.Change) (forge.Issue, error) {
	const op = "updating an issue"
	request := &github.IssueRequest{Title: change.Title, Body: change.Body}
	if change.State != nil {
		if *change.State != forge.StateOpen && *change.State != forge.StateClosed {
			return forge.Issue{}, &forge.Error{Op: op, Message: "only open and closed can be asked for", Err: forge.ErrInvalid}
		}
		request.State = github.String(string(*change.State))
	}
	raw, resp, err := f.sdk().Issues.Edit(api.Repeatable(ctx), f.owner, f.repo, number, request)
	return f.issue(ctx, op, raw, resp, err)
}

// issue takes an answer that should hold an issue.
func (f *Forge) issue(ctx context.Context, op string, raw *github.Issue, resp *github.Response, err error) (forge.Issue, error) {
	if err == nil && raw.GetNumber() == 0 {
		err = errors.New("the answer holds no issue")
	}
	if err != nil {
		return forge.Issue{}, f.classify(ctx, op, resp, err)
	}
	return convertIssue(raw), nil
}

func convertIssue(raw *github.Issue) forge.Issue {
	out := forge.Issue{
		Number:    raw.GetNumber(),
		URL:       raw.GetHTMLURL(),
		Title:     raw.GetTitle(),
		Body:      raw.GetBody(),
		State:     forge.State(raw.GetState()),
		Author:    raw.GetUser().GetLogin(),
		UpdatedAt: raw.GetUpdatedAt().Time,
	}
	for _, label := range raw.Labels {
		out.Labels = append(out.Labels, label.GetName())
	}
	slices.Sort(out.Labels)
	return out
}
