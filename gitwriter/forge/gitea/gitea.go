package gitea

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

var _ forge.Forge = (*Forge)(nil)

const defaultPageSize = 50

// draftPrefix is the first of Gitea's WORK_IN_PROGRESS_PREFIXES by default.
const draftPrefix = "WIP: "

// List reads the pull requests of the state and filters them here: Gitea's list
// can't be asked for a head, nor for a time. With one it is read in the order of
// updates, as far as the first that is older.
func (f *Forge) List(ctx context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	const op = "listing pull requests"
	client, err := f.sdk(ctx)
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	options := gitea.ListPullRequestsOptions{State: gitea.StateAll}
	switch filter.State {
	case forge.StateOpen:
		options.State = gitea.StateOpen
	case forge.StateClosed, forge.StateMerged:
		options.State = gitea.StateClosed
	}
	if !filter.Since.IsZero() {
		options.Sort = "recentupdate"
	}
	seen := map[int]bool{} // one that is opened meanwhile moves the others on by a place
	var out []forge.PullRequest
	err = api.Pages(func(page int) (int, error) {
		options.ListOptions = gitea.ListOptions{Page: page, PageSize: f.page}
		list, resp, err := client.ListRepoPullRequests(f.owner, f.repo, options)
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, raw := range list {
			pr := convert(raw)
			if pr.UpdatedAt.Before(filter.Since) {
				return 0, nil
			}
			if !seen[pr.Number] && !fromFork(raw) && filter.Matches(pr) {
				seen[pr.Number] = true
				out = append(out, pr)
			}
		}
		return resp.NextPage, nil
	})
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	slices.SortStableFunc(out, func(a, b forge.PullRequest) int { return cmp.Compare(b.Number, a.Number) })
	f.log.DebugContext(ctx, "listed pull requests", "owner", f.owner, "repo", f.repo, "count", len(out))
	return out, nil
}

// Update edits the pull request. A new title needs one more call, since a draft
// must stay one and only the old title tells.
func (f *Forge) Update(ctx context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	const op = "updating a pull request"
	ctx = api.Repeatable(ctx)
	client, err := f.sdk(ctx)
	if err != nil {
		return forge.PullRequest{}, f.classify(ctx, op, nil, err)
	}
	edit := gitea.EditPullRequestOption{Body: change.Body}
	if change.Title != nil {
		old, resp, err := client.GetPullRequest(f.owner, f.repo, int64(number))
		if err != nil {
			return forge.PullRequest{}, f.classify(ctx, op, resp, err)
		}
		edit.Title = *change.Title
		if strings.HasPrefix(old.Title, draftPrefix) {
			edit.Title = draftPrefix + edit.Title
		}
	}
	if change.State != nil {
		if *change.State != forge.StateOpen && *change.State != forge.StateClosed {
			return forge.PullRequest{}, &forge.Error{Op: op, Message: "only open and closed can be asked for", Err: forge.ErrInvalid}
		}
		state := gitea.StateType(*change.State)
		edit.State = &state
	}
	raw, resp, err := client.EditPullRequest(f.owner, f.repo, int64(number), edit)
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return forge.PullRequest{}, f.classify(ctx, op, resp, err)
	}
	return convert(raw), nil
}

// Comment comments on the pull request's conversation, which for Gitea is that
// of the issue of the same number.
func (f *Forge) Comment(ctx context.Context, number int, body string) error {
	const op = "commenting on a pull request"
	client, err := f.sdk(ctx)
	if err != nil {
		return f.classify(ctx, op, nil, err)
	}
	_, resp, err := client.CreateIssueComment(f.owner, f.repo, int64(number), gitea.CreateIssueCommentOption{Body: body})
	if err != nil {
		return f.settle(f.classify(ctx, op, resp, err), forge.ErrNotFound, func() (*gitea.Response, error) {
			_, resp, err := client.GetPullRequest(f.owner, f.repo, int64(number))
			return resp, err
		})
	}
	return nil
}

// SetStatus adds a status; Gitea shows the newest of each context. A commit that
// isn't there is ErrInvalid, as GitHub has it.
func (f *Forge) SetStatus(ctx context.Context, sha string, status forge.Status) error {
	const op = "setting a commit status"
	ctx = api.Repeatable(ctx)
	client, err := f.sdk(ctx)
	if err != nil {
		return f.classify(ctx, op, nil, err)
	}
	_, resp, err := client.CreateStatus(f.owner, f.repo, sha, gitea.CreateStatusOption{
		State:       gitea.StatusState(status.State),
		TargetURL:   status.URL,
		Description: forge.Shorten(status.Description, forge.MaxDescription),
		Context:     status.Context,
	})
	if err != nil {
		return f.settle(f.classify(ctx, op, resp, err), forge.ErrInvalid, func() (*gitea.Response, error) {
			_, resp, err := client.GetSingleCommit(f.owner, f.repo, sha)
			return resp, err
		})
	}
	return nil
}

// settle tells whether an answer of 500 means that what the call is about isn't
// there: so says Gitea 1.26 to a comment on no issue and to a status on no commit.
// Left as it is, such a call would be made again for ever.
func (f *Forge) settle(err, meaning error, look func() (*gitea.Response, error)) error {
	var failed *forge.Error
	if !errors.As(err, &failed) || failed.Status != http.StatusInternalServerError {
		return err
	}
	resp, lookErr := look()
	if lookErr == nil || resp == nil || resp.StatusCode != http.StatusNotFound {
		return err
	}
	known := *failed
	known.Err = meaning
	return &known
}

// orInvalid settles what a 404 of a writing call means. Gitea answers it for a
// branch or commit that is missing in a repository that is there, too.
func (f *Forge) orInvalid(ctx context.Context, err error) error {
	var missing *forge.Error
	if !errors.As(err, &missing) || missing.Status != http.StatusNotFound {
		return err
	}
	client, sdkErr := f.sdk(ctx)
	if sdkErr != nil {
		return err
	}
	if _, _, repoErr := client.GetRepo(f.owner, f.repo); repoErr != nil {
		return err
	}
	refused := *missing
	refused.Err = forge.ErrInvalid
	return &refused
}

// whole refuses an answer of 2xx that holds no pull request.
func whole(pr *gitea.PullRequest) error {
	if pr.Index == 0 {
		return errors.New("the answer holds no pull request")
	}
	return nil
}

// fromFork goes by IDs: a fork that was deleted leaves no repository, but its ID.
func fromFork(pr *gitea.PullRequest) bool {
	return pr.Head == nil || pr.Base == nil || pr.Head.RepoID != pr.Base.RepoID
}

func convert(pr *gitea.PullRequest) forge.PullRequest {
	out := forge.PullRequest{
		Number:    int(pr.Index),
		URL:       pr.HTMLURL,
		Title:     strings.TrimPrefix(pr.Title, draftPrefix),
		Body:      pr.Body,
		State:     forge.State(pr.State),
		Draft:     pr.Draft,
		CreatedAt: at(pr.Created),
		UpdatedAt: at(pr.Updated),
		ClosedAt:  at(pr.Closed),
	}
	if pr.Head != nil {
		out.HeadSHA = pr.Head.Sha
		// Once the branch is gone, Ref is refs/pull/N/head and only the label
		// remembers its name.
		out.Head = pr.Head.Name
	}
	if pr.Base != nil {
		out.Base = pr.Base.Ref
	}
	if pr.Poster != nil {
		out.Author = pr.Poster.UserName
	}
	for _, label := range pr.Labels {
		out.Labels = append(out.Labels, label.Name)
	}
	slices.Sort(out.Labels)
	if pr.Milestone != nil {
		out.Milestone = pr.Milestone.Title
	}
	if pr.HasMerged {
		out.State = forge.StateMerged
		if pr.MergedCommitID != nil {
			out.MergeSHA = *pr.MergedCommitID
		}
	}
	return out
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
