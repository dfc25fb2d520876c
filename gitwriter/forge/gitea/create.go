package gitea

import (
	"context"
	"fmt"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Create opens the pull request, then adds labels, reviewers and assignees, one
// call each. Gitea would take labels and assignees at once, but then one unknown
// name would lose the whole pull request.
func (f *Forge) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	op := fmt.Sprintf("creating a pull request from %q to %q", pr.Head, pr.Base)
	client, err := f.sdk(ctx)
	if err != nil {
		return forge.PullRequest{}, f.classify(ctx, op, nil, err)
	}
	title := pr.Title
	if pr.Draft {
		title = draftPrefix + title
	}
	raw, resp, err := client.CreatePullRequest(f.owner, f.repo, gitea.CreatePullRequestOption{
		Head: pr.Head, Base: pr.Base, Title: title, Body: pr.Body,
	})
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return forge.PullRequest{}, f.orInvalid(ctx, f.classify(ctx, op, resp, err))
	}
	out := convert(raw)
	f.log.DebugContext(ctx, "created a pull request", "owner", f.owner, "repo", f.repo, "number", out.Number)
	if pr.IsZero() {
		return out, nil
	}
	return f.decorate(ctx, raw, pr.Decoration)
}
