package github

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

var _ forge.Forge = (*Forge)(nil)

// perPage is the most that GitHub gives.
const perPage = 100

// List asks GitHub for the head and base it is to list, and drops what comes
// from forks or stands in another state than asked for (GitHub knows merged only
// as a sort of closed). GitHub's list knows no since; it is asked by the order in
// which pull requests were updated, and no further than to the first older one.
func (f *Forge) List(ctx context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	options := &github.PullRequestListOptions{
		State: "all", Base: filter.Base, Sort: "created", Direction: "desc",
		ListOptions: github.ListOptions{PerPage: perPage},
	}
	if !filter.Since.IsZero() {
		options.Sort = "updated"
		filter.Since = filter.Since.Truncate(time.Second) // of which GitHub's times are
	}
	if filter.Head != "" {
		options.Head = f.owner + ":" + filter.Head
	}
	switch filter.State {
	case forge.StateOpen:
		options.State = "open"
	case forge.StateClosed, forge.StateMerged:
		options.State = "closed"
	}
	seen := map[int]bool{} // one that is opened meanwhile moves the others on by a place
	var out []forge.PullRequest
	err := api.Pages(func(page int) (int, error) {
		options.Page = page
		list, resp, err := f.sdk().PullRequests.List(ctx, f.owner, f.repo, options)
		if err != nil {
			return 0, f.classify(ctx, "listing pull requests", resp, err)
		}
		for _, raw := range list {
			pr := convert(raw)
			if pr.UpdatedAt.Before(filter.Since) {
				return 0, nil // and so was all that follows
			}
			if !seen[pr.Number] && !fromFork(raw) && filter.Matches(pr) {
				seen[pr.Number] = true
				out = append(out, pr)
			}
		}
		return resp.NextPage, nil
	})
	if err != nil {
		return nil, f.classify(ctx, "listing pull requests", nil, err)
	}
	slices.SortStableFunc(out, func(a, b forge.PullRequest) int { return cmp.Compare(b.Number, a.Number) })
	f.log.DebugContext(ctx, "listed pull requests", "owner", f.owner, "repo", f.repo, "count", len(out))
	return out, nil
}

// Update edits the pull request.
func (f *Forge) Update(ctx context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	const op = "updating a pull request"
	edit := &github.PullRequest{Title: change.Title, Body: change.Body}
	if change.State != nil {
		if *change.State != forge.StateOpen && *change.State != forge.StateClosed {
			return forge.PullRequest{}, &forge.Error{Op: op, Message: "only open and closed can be asked for", Err: forge.ErrInvalid}
		}
		edit.State = github.String(string(*change.State))
	}
	raw, resp, err := f.sdk().PullRequests.Edit(api.Repeatable(ctx), f.owner, f.repo, number, edit)
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return forge.PullRequest{}, f.classify(ctx, op, resp, err)
	}
	return convert(raw), nil
}

// Comment comments on the pull request's conversation, which for GitHub is that
// of the issue of the same number.
func (f *Forge) Comment(ctx context.Context, number int, body string) error {
	_, resp, err := f.sdk().Issues.CreateComment(ctx, f.owner, f.repo, number, &github.IssueComment{Body: &body})
	if err != nil {
		return f.classify(ctx, "commenting on a pull request", resp, err)
	}
	return nil
}

// SetStatus adds a status; GitHub shows the newest of each context.
func (f *Forge) SetStatus(ctx context.Context, sha string, status forge.Status) error {
	raw := &github.RepoStatus{
		State:       github.String(string(status.State)),
		Context:     github.String(status.Context),
		Description: github.String(forge.Shorten(status.Description, forge.MaxDescription)),
	}
	if status.URL != "" {
		raw.TargetURL = github.String(status.URL)
	}
	_, resp, err := f.sdk().Repositories.CreateStatus(api.Repeatable(ctx), f.owner, f.repo, sha, raw)
	if err != nil {
		return f.classify(ctx, "setting a commit status", resp, err)
	}
	return nil
}

// whole refuses an answer of 2xx that holds no pull request; go-github takes an
// empty body for one with every field unset.
func whole(pr *github.PullRequest) error {
	if pr.GetNumber() == 0 {
		return errors.New("the answer holds no pull request")
	}
	return nil
}

// fromFork goes by the repositories' IDs, since names change when a repository
// is moved. A fork that was deleted has no repository at all.
func fromFork(pr *github.PullRequest) bool {
	head, base := pr.GetHead().GetRepo(), pr.GetBase().GetRepo()
	return head == nil || head.GetID() != base.GetID()
}

func convert(pr *github.PullRequest) forge.PullRequest {
	out := forge.PullRequest{
		Number:    pr.GetNumber(),
		URL:       pr.GetHTMLURL(),
		Title:     pr.GetTitle(),
		Body:      pr.GetBody(),
		Head:      pr.GetHead().GetRef(),
		Base:      pr.GetBase().GetRef(),
		HeadSHA:   pr.GetHead().GetSHA(),
		State:     forge.State(pr.GetState()),
		Draft:     pr.GetDraft(),
		Author:    pr.GetUser().GetLogin(),
		Milestone: pr.GetMilestone().GetTitle(),
		Automerge: pr.AutoMerge != nil, AutomergeBy: pr.GetAutoMerge().GetEnabledBy().GetLogin(),
		CreatedAt: pr.GetCreatedAt().Time,
		UpdatedAt: pr.GetUpdatedAt().Time,
		ClosedAt:  pr.GetClosedAt().Time,
	}
	for _, label := range pr.Labels {
		out.Labels = append(out.Labels, label.GetName())
	}
	slices.Sort(out.Labels)
	// Lists have merged_at but not merged. Before the merge, merge_commit_sha
	// is a trial merge's commit, which is nobody's business.
	if pr.MergedAt != nil || pr.GetMerged() {
		out.State = forge.StateMerged
		out.MergeSHA = pr.GetMergeCommitSHA()
	}
	return out
}
