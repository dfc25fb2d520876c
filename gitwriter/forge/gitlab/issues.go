package gitlab

import (
	"cmp"
	"context"
	"errors"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// ListIssues asks for the label, and looks again itself, since GitLab takes a comma
// for the end of a label.
func (f *Forge) ListIssues(ctx context.Context, label string) ([]forge.Issue, error) {
	const op = "listing issues"
	options := &gitlab.ListProjectIssuesOptions{
		ListOptions: gitlab.ListOptions{PerPage: f.page}, State: gitlab.Ptr("opened"),
		Labels: gitlab.Ptr(gitlab.LabelOptions{label}), OrderBy: gitlab.Ptr("created_at"), Sort: gitlab.Ptr("desc"),
	}
	seen := map[int64]bool{}
	var out []forge.Issue
	err := api.Pages(func(page int) (int, error) {
		options.Page = int64(page)
		list, resp, err := f.client.Issues.ListProjectIssues(f.project, options, gitlab.WithContext(ctx))
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, raw := range list {
			if slices.Contains(raw.Labels, label) && !seen[raw.IID] {
				seen[raw.IID] = true
				out = append(out, convertIssue(raw))
			}
		}
		return int(resp.NextPage), nil
	})
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	slices.SortStableFunc(out, func(a, b forge.Issue) int { return cmp.Compare(b.Number, a.Number) })
	return out, nil
}

// Issue reads one issue. Its number has nothing to do with merge requests'.
func (f *Forge) Issue(ctx context.Context, number int) (forge.Issue, error) {
	raw, resp, err := f.client.Issues.GetIssue(f.project, int64(number), gitlab.WithContext(ctx))
	return f.issue(ctx, "reading an issue", raw, resp, err)
}

// CreateIssue opens the issue with its labels, which GitLab makes where they are missing.
func (f *Forge) CreateIssue(ctx context.Context, issue forge.NewIssue) (forge.Issue, error) {
	options := &gitlab.CreateIssueOptions{Title: &issue.Title, Description: gitlab.Ptr(disarm(issue.Body))}
	if len(issue.Labels) > 0 {
		options.Labels = gitlab.Ptr(gitlab.LabelOptions(issue.Labels))
	}
	raw, resp, err := f.client.Issues.CreateIssue(f.project, options, gitlab.WithContext(ctx))
	return f.issue(ctx, "creating an issue", raw, resp, err)
}

// UpdateIssue edits the issue.
func (f *Forge) UpdateIssue(ctx context.Context, number int, change forge.Change) (forge.Issue, error) {
	const op = "updating an issue"
	event, err := stateEvent(op, change.State)
	if err != nil {
		return forge.Issue{}, err
	}
	if change == (forge.Change{}) { // which GitLab refuses
		return f.Issue(ctx, number)
	}
	options := &gitlab.UpdateIssueOptions{Title: change.Title, StateEvent: event}
	if change.Body != nil {
		options.Description = gitlab.Ptr(disarm(*change.Body))
	}
	raw, resp, err := f.client.Issues.UpdateIssue(f.project, int64(number), options, gitlab.WithContext(api.Repeatable(ctx)))
	return f.issue(ctx, op, raw, resp, err)
}

func (f *Forge) issue(ctx context.Context, op string, raw *gitlab.Issue, resp *gitlab.Response, err error) (forge.Issue, error) {
	if err == nil && raw.IID == 0 {
		err = errors.New("the answer holds no issue")
	}
	if err != nil {
		return forge.Issue{}, f.classify(ctx, op, resp, err)
	}
	return convertIssue(raw), nil
}

func convertIssue(raw *gitlab.Issue) forge.Issue {
	out := forge.Issue{
		Number: int(raw.IID), URL: raw.WebURL, Title: raw.Title, Body: arm(raw.Description), State: forge.StateOpen,
		Labels: slices.Sorted(slices.Values(raw.Labels)), UpdatedAt: at(raw.UpdatedAt),
	}
	if raw.State == "closed" {
		out.State = forge.StateClosed
	}
	if raw.Author != nil {
		out.Author = raw.Author.Username
	}
	return out
}
