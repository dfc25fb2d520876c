package gitea

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Readiness puts together what Gitea says in four places: the pull request, its
// head's statuses, its reviews, and the base's protection.
//
// Gitea doesn't tell a conflict from a search for one that isn't finished yet. A head
// that starts at the base's tip can't be in conflict; of others it is assumed.
func (f *Forge) Readiness(ctx context.Context, number int) (forge.Readiness, error) {
	const op = "reading whether a pull request can be merged"
	raw, err := f.pull(ctx, op, number)
	if err != nil {
		return forge.Readiness{}, err
	}
	client, err := f.sdk(ctx)
	if err != nil {
		return forge.Readiness{}, f.classify(ctx, op, nil, err)
	}
	pr := convert(raw)
	r := forge.Readiness{HeadSHA: pr.HeadSHA, Checks: forge.ChecksNone}
	reviews, err := f.reviews(ctx, client, raw.Index)
	if err != nil {
		return forge.Readiness{}, err
	}
	r.ChangesRequested = reviews.changesRequested
	combined, resp, err := client.GetCombinedStatus(f.owner, f.repo, pr.HeadSHA)
	if err != nil {
		return forge.Readiness{}, f.classify(ctx, op, resp, err)
	}
	r.Checks = checks(combined)
	base, resp, err := client.GetRepoBranch(f.owner, f.repo, pr.Base)
	if err != nil {
		return forge.Readiness{}, f.classify(ctx, op, resp, err)
	}
	behind := base.Commit == nil || raw.MergeBase != base.Commit.ID
	r.Conflict = pr.State == forge.StateOpen && !pr.Draft && !raw.Mergeable && behind
	r.Reason = reason(pr, raw, base, r, reviews.approvals)
	r.Mergeable = r.Reason == ""
	return r, nil
}

// reason says what a merge waits for, or nothing.
func reason(pr forge.PullRequest, raw *gitea.PullRequest, base *gitea.Branch, r forge.Readiness, approvals int64) string {
	switch {
	case pr.State != forge.StateOpen:
		return "it is " + string(pr.State)
	case pr.Draft:
		return "it is a draft"
	case r.Conflict:
		return "it is in conflict with " + pr.Base
	case !raw.Mergeable:
		return "Gitea is still looking for conflicts"
	case !base.UserCanMerge:
		return "the token's user may not merge into " + pr.Base
	case approvals < base.RequiredApprovals:
		return fmt.Sprintf("it has %d of %d required approvals", approvals, base.RequiredApprovals)
	case base.EnableStatusCheck && r.Checks != forge.ChecksSuccess:
		return "required checks: " + string(r.Checks)
	}
	return ""
}

// checks reads the combined status, which Gitea leaves empty where nobody reported.
func checks(combined *gitea.CombinedStatus) forge.Checks {
	if combined == nil || len(combined.Statuses) == 0 {
		return forge.ChecksNone
	}
	switch combined.State {
	case gitea.StatusSuccess, gitea.StatusWarning:
		return forge.ChecksSuccess
	case gitea.StatusFailure, gitea.StatusError:
		return forge.ChecksFailure
	}
	return forge.ChecksPending
}

// Merge merges at once.
func (f *Forge) Merge(ctx context.Context, number int, m forge.MergeRequest) (forge.PullRequest, error) {
	const op = "merging a pull request"
	if err := f.merge(ctx, op, number, m); err != nil {
		return forge.PullRequest{}, err
	}
	raw, err := f.pull(ctx, op, number)
	if err != nil {
		return forge.PullRequest{}, err
	}
	return convert(raw), nil
}

// Automerge returns forge.ErrUnsupported, and asks nobody. Gitea would do it, but keeps
// to the pull request and not to the commit: what anybody pushes to the branch later is
// merged, too, as soon as its checks succeed. Nor does it tell afterwards that it was
// asked to.
func (f *Forge) Automerge(context.Context, int, forge.MergeRequest) error {
	return &forge.Error{Op: "asking for an automatic merge", Message: "Gitea would merge whatever is pushed later, too", Err: forge.ErrUnsupported}
}

// CancelAutomerge takes back what a person, or another program, has asked Gitea for.
func (f *Forge) CancelAutomerge(ctx context.Context, number int) error {
	const op = "ending an automatic merge"
	client, err := f.sdk(api.Repeatable(ctx))
	if err != nil {
		return f.classify(ctx, op, nil, err)
	}
	resp, err := client.CancelScheduledAutoMerge(f.owner, f.repo, int64(number))
	if err == nil {
		return nil
	}
	err = f.classify(ctx, op, resp, err)
	if !errors.Is(err, forge.ErrNotFound) {
		return err
	}
	_, err = f.pull(ctx, op, number) // if it is there, nothing was asked for
	return err
}

// merge makes the call. After a cut-off answer nobody knows whether it took effect, so
// it isn't repeated.
func (f *Forge) merge(ctx context.Context, op string, number int, m forge.MergeRequest) error {
	client, err := f.sdk(ctx)
	if err != nil {
		return f.classify(ctx, op, nil, err)
	}
	style := gitea.MergeStyle(m.Method)
	if style == "" {
		style = gitea.MergeStyleMerge
	}
	done, resp, err := client.MergePullRequest(f.owner, f.repo, int64(number), gitea.MergePullRequestOption{
		Style: style, Title: m.Title, Message: m.Message, HeadCommitId: m.SHA,
	})
	if err == nil && done {
		return nil
	}
	if err == nil {
		err = refusal(resp)
	}
	err = f.classify(ctx, op, resp, err)
	var refused *forge.Error
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Status {
	case http.StatusMethodNotAllowed, http.StatusConflict:
	case http.StatusNotFound: // so says Gitea to one that is closed, too
		if _, lookErr := f.pull(ctx, op, number); lookErr != nil {
			return lookErr
		}
	default:
		return err
	}
	notReady := *refused
	notReady.Err = forge.ErrNotReady
	return &notReady
}

// refusal reads the server's words where the SDK looks at the status alone. The
// transport has read the answer as a whole and keeps it, also when it is closed.
func refusal(resp *gitea.Response) error {
	var said struct {
		Message string `json:"message"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil || said.Message == "" {
		return errors.New("the merge was refused")
	}
	return errors.New(said.Message)
}
