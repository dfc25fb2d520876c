package gitea

import (
	"cmp"
	"context"
	"slices"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// ListIssues asks for the label, and looks again itself: Gitea passes over a label
// that it doesn't know.
func (f *Forge) ListIssues(ctx context.Context, label string) ([]forge.Issue, error) {
	const op = "listing issues"
	client, err := f.sdk(ctx)
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	seen := map[int64]bool{}
	var out []forge.Issue
	err = api.Pages(func(page int) (int, error) {
		list, resp, err := client.ListRepoIssues(f.owner, f.repo, gitea.ListIssueOption{
			ListOptions: gitea.ListOptions{Page: page, PageSize: f.page},
			State:       gitea.StateOpen, Type: gitea.IssueTypeIssue, Labels: []string{label},
		})
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, raw := range list {
			issue := convertIssue(raw)
			if raw.PullRequest == nil && slices.Contains(issue.Labels, label) && !seen[raw.Index] {
				seen[raw.Index] = true
				out = append(out, issue)
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

// Issue reads one issue. A pull request, which for Gitea is an issue too, isn't found.
func (f *Forge) Issue(ctx context.Context, number int) (forge.Issue, error) {
	const op = "reading an issue"
	client, err := f.sdk(ctx)
	if err != nil {
		return forge.Issue{}, f.classify(ctx, op, nil, err)
	}
	raw, resp, err := client.GetIssue(f.owner, f.repo, int64(number))
	return f.issue(ctx, op, raw, resp, err)
}

// CreateIssue finds or makes the labels first, so that the issue is never without them.
func (f *Forge) CreateIssue(ctx context.Context, issue forge.NewIssue) (forge.Issue, error) {
	const op = "creating an issue"
	client, err := f.sdk(ctx)
	if err != nil {
		return forge.Issue{}, f.classify(ctx, op, nil, err)
	}
	var ids []int64
	if len(issue.Labels) > 0 {
		if ids, err = f.labelIDs(ctx, client, issue.Labels); err != nil {
			return forge.Issue{}, err
		}
	}
	raw, resp, err := client.CreateIssue(f.owner, f.repo, gitea.CreateIssueOption{Title: issue.Title, Body: issue.Body, Labels: ids})
	return f.issue(ctx, op, raw, resp, err)
}

// UpdateIssue edits the issue.
func (f *Forge) UpdateIssue(ctx context.Context, number int, change forge.Change) (forge.Issue, error) {
	const op = "updating an issue"
	client, err := f.sdk(api.Repeatable(ctx))
	if err != nil {
		return forge.Issue{}, f.classify(ctx, op, nil, err)
	}
	edit := gitea.EditIssueOption{Body: change.Body}
	if change.Title != nil {
		edit.Title = *change.Title
	}
	if change.State != nil {
		if *change.State != forge.StateOpen && *change.State != forge.StateClosed {
			return forge.Issue{}, &forge.Error{Op: op, Message: "only open and closed can be asked for", Err: forge.ErrInvalid}
		}
		state := gitea.StateType(*change.State)
		edit.State = &state
	}
	raw, resp, err := client.EditIssue(f.owner, f.repo, int64(number), edit)
	return f.issue(ctx, op, raw, resp, err)
}

func (f *Forge) issue(ctx context.Context, op string, raw *gitea.Issue, resp *gitea.Response, err error) (forge.Issue, error) {
	switch {
	case err != nil:
		return forge.Issue{}, f.classify(ctx, op, resp, err)
	case raw.Index == 0:
		return forge.Issue{}, &forge.Error{Op: op, Message: "the answer holds no issue", Err: forge.ErrUnavailable}
	case raw.PullRequest != nil:
		return forge.Issue{}, &forge.Error{Op: op, Message: "it is a pull request", Err: forge.ErrNotFound}
	}
	return convertIssue(raw), nil
}

func convertIssue(raw *gitea.Issue) forge.Issue {
	out := forge.Issue{
		Number: int(raw.Index), URL: raw.HTMLURL, Title: raw.Title, Body: raw.Body, State: forge.State(raw.State), UpdatedAt: raw.Updated,
	}
	if raw.Poster != nil {
		out.Author = raw.Poster.UserName
	}
	for _, label := range raw.Labels {
		out.Labels = append(out.Labels, label.Name)
	}
	slices.Sort(out.Labels)
	return out
}
