package gitlab

import (
	"context"
	"fmt"
	"net/http"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Create opens the merge request with its labels, which GitLab makes where they are
// missing, then adds people and milestone.
func (f *Forge) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	op := fmt.Sprintf("creating a merge request from %q to %q", pr.Head, pr.Base)
	if err := f.haveCommits(ctx, op, pr); err != nil {
		return forge.PullRequest{}, err
	}
	title := pr.Title
	if pr.Draft {
		title = draftPrefix + title
	}
	options := &gitlab.CreateMergeRequestOptions{
		SourceBranch: &pr.Head, TargetBranch: &pr.Base, Title: &title, Description: gitlab.Ptr(disarm(pr.Body)),
	}
	if len(pr.Labels) > 0 {
		options.Labels = gitlab.Ptr(gitlab.LabelOptions(pr.Labels))
	}
	raw, resp, err := f.client.MergeRequests.CreateMergeRequest(f.project, options, gitlab.WithContext(ctx))
	raw, err = f.whole(ctx, op, raw, resp, err)
	if err != nil {
		return forge.PullRequest{}, err
	}
	out := convert(&raw.BasicMergeRequest)
	f.log.DebugContext(ctx, "created a merge request", "project", f.project, "number", out.Number)
	if pr.IsZero() {
		return out, nil
	}
	return f.decorate(ctx, raw, pr.Decoration)
}

// haveCommits looks whether there is anything to merge, which GitLab itself doesn't
// do: it opens merge requests of branches that don't exist.
func (f *Forge) haveCommits(ctx context.Context, op string, pr forge.NewPullRequest) error {
	between, resp, err := f.client.Repositories.Compare(f.project,
		&gitlab.CompareOptions{From: &pr.Base, To: &pr.Head}, gitlab.WithContext(ctx))
	switch {
	case err != nil:
		err = f.classify(ctx, op, resp, err)
		if status(err) == http.StatusNotFound {
			return f.isThere(ctx, err, forge.ErrInvalid) // a branch is missing, then
		}
		return err
	case len(between.Commits) == 0:
		return refused(op, "the head has nothing that the base lacks", forge.ErrInvalid)
	}
	return nil
}

// Update edits the merge request. A new title needs one more call, since a draft must
// stay one and only the old title tells.
func (f *Forge) Update(ctx context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	const op = "updating a merge request"
	options := &gitlab.UpdateMergeRequestOptions{}
	event, err := stateEvent(op, change.State)
	if err != nil {
		return forge.PullRequest{}, err
	}
	options.StateEvent = event
	if change.Body != nil {
		options.Description = gitlab.Ptr(disarm(*change.Body))
	}
	// GitLab refuses a change of nothing.
	if change.Title != nil || change == (forge.Change{}) {
		old, err := f.get(ctx, op, number)
		if err != nil {
			return forge.PullRequest{}, err
		}
		if change.Title == nil {
			return convert(&old.BasicMergeRequest), nil
		}
		title := *change.Title
		if old.Draft {
			title = draftPrefix + title
		}
		options.Title = &title
	}
	raw, resp, err := f.client.MergeRequests.UpdateMergeRequest(f.project, int64(number), options, gitlab.WithContext(api.Repeatable(ctx)))
	raw, err = f.whole(ctx, op, raw, resp, err)
	if err != nil {
		return forge.PullRequest{}, err
	}
	return convert(&raw.BasicMergeRequest), nil
}

// stateEvent names the change of state as GitLab does.
func stateEvent(op string, state *forge.State) (*string, error) {
	switch {
	case state == nil:
		return nil, nil //nolint:nilnil // no change is asked for
	case *state == forge.StateOpen:
		return gitlab.Ptr("reopen"), nil
	case *state == forge.StateClosed:
		return gitlab.Ptr("close"), nil
	}
	return nil, refused(op, "only open and closed can be asked for", forge.ErrInvalid)
}

// Comment adds a note to the merge request.
func (f *Forge) Comment(ctx context.Context, number int, body string) error {
	_, resp, err := f.client.Notes.CreateMergeRequestNote(f.project, int64(number),
		&gitlab.CreateMergeRequestNoteOptions{Body: gitlab.Ptr(disarm(body))}, gitlab.WithContext(ctx))
	if err != nil {
		return f.classify(ctx, "commenting on a merge request", resp, err)
	}
	return nil
}
