package gitlab

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

var _ forge.Forge = (*Forge)(nil)

// draftPrefix makes a merge request a draft.
const draftPrefix = "Draft: "

// List asks GitLab for the branches, the state and the time, and drops what comes
// from forks.
func (f *Forge) List(ctx context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	const op = "listing merge requests"
	seen := map[int]bool{} // one that is opened meanwhile moves the others on by a place
	var out []forge.PullRequest
	options := f.listOptions(filter)
	err := api.Pages(func(page int) (int, error) {
		options.Page = int64(page)
		list, resp, err := f.client.MergeRequests.ListProjectMergeRequests(f.project, options, gitlab.WithContext(ctx))
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, raw := range list {
			pr := convert(raw)
			if !seen[pr.Number] && !fromFork(raw) && filter.Matches(pr) {
				seen[pr.Number] = true
				out = append(out, pr)
			}
		}
		return int(resp.NextPage), nil
	})
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	slices.SortStableFunc(out, func(a, b forge.PullRequest) int { return cmp.Compare(b.Number, a.Number) })
	f.log.DebugContext(ctx, "listed merge requests", "project", f.project, "count", len(out))
	return out, nil
}

func (f *Forge) listOptions(filter forge.Filter) *gitlab.ListProjectMergeRequestsOptions {
	options := &gitlab.ListProjectMergeRequestsOptions{
		ListOptions: gitlab.ListOptions{PerPage: f.page},
		State:       gitlab.Ptr("all"), OrderBy: gitlab.Ptr("created_at"), Sort: gitlab.Ptr("desc"),
	}
	switch filter.State {
	case forge.StateOpen:
		options.State = gitlab.Ptr("opened")
	case forge.StateClosed:
		options.State = gitlab.Ptr("closed")
	case forge.StateMerged:
		options.State = gitlab.Ptr("merged")
	}
	if filter.Head != "" {
		options.SourceBranch = &filter.Head
	}
	if filter.Base != "" {
		options.TargetBranch = &filter.Base
	}
	if !filter.Since.IsZero() {
		options.OrderBy = gitlab.Ptr("updated_at")
		options.UpdatedAfter = gitlab.Ptr(filter.Since.UTC())
	}
	return options
}

// get reads one merge request.
func (f *Forge) get(ctx context.Context, op string, number int) (*gitlab.MergeRequest, error) {
	raw, resp, err := f.client.MergeRequests.GetMergeRequest(f.project, int64(number), nil, gitlab.WithContext(ctx))
	return f.whole(ctx, op, raw, resp, err)
}

// whole classifies an error, and refuses an answer of 2xx that holds no merge request.
func (f *Forge) whole(ctx context.Context, op string, raw *gitlab.MergeRequest, resp *gitlab.Response, err error) (*gitlab.MergeRequest, error) {
	if err == nil && raw.IID == 0 {
		err = errors.New("the answer holds no merge request")
	}
	if err != nil {
		return nil, f.classify(ctx, op, resp, err)
	}
	return raw, nil
}

// fromFork goes by the projects' IDs, since names change when a project is moved. A
// fork that was deleted has none.
func fromFork(raw *gitlab.BasicMergeRequest) bool {
	return raw.SourceProjectID == 0 || raw.SourceProjectID != raw.TargetProjectID
}

func convert(raw *gitlab.BasicMergeRequest) forge.PullRequest {
	out := forge.PullRequest{
		Number:    int(raw.IID),
		URL:       raw.WebURL,
		Title:     strings.TrimPrefix(raw.Title, draftPrefix),
		Body:      arm(raw.Description),
		Head:      raw.SourceBranch,
		Base:      raw.TargetBranch,
		HeadSHA:   raw.SHA,
		State:     forge.StateOpen, // "locked", too: a merge is under way
		Draft:     raw.Draft,
		Labels:    slices.Sorted(slices.Values(raw.Labels)),
		Automerge: raw.MergeWhenPipelineSucceeds,
		CreatedAt: at(raw.CreatedAt),
		UpdatedAt: at(raw.UpdatedAt),
		ClosedAt:  at(raw.ClosedAt),
	}
	if raw.Author != nil {
		out.Author = raw.Author.Username
	}
	if raw.MergeWhenPipelineSucceeds && raw.MergeUser != nil {
		out.AutomergeBy = raw.MergeUser.Username
	}
	if raw.Milestone != nil {
		out.Milestone = raw.Milestone.Title
	}
	switch raw.State {
	case "closed":
		out.State = forge.StateClosed
	case "merged":
		out.State = forge.StateMerged
		out.ClosedAt = at(raw.MergedAt)
		// A fast-forward makes no commit: the head itself is then on the base.
		out.MergeSHA = cmp.Or(raw.MergeCommitSHA, raw.SquashCommitSHA, raw.SHA)
	default:
		out.ClosedAt = time.Time{} // GitLab remembers when it was closed last
	}
	return out
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
