package gitea

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// standing is what Gitea knows about a pull request that somebody would merge.
type standing struct {
	forge.Readiness
	required bool // the base's protection asks for checks
	named    bool // and names some, so that their absence stops a merge, too
}

// Readiness puts together what Gitea says in four places: the pull request, its
// head's statuses, its reviews, and the base's protection.
//
// Gitea doesn't tell a conflict from a search for one that isn't finished yet. A head
// that starts at the base's tip can't be in conflict; of others it is assumed.
func (f *Forge) Readiness(ctx context.Context, number int) (forge.Readiness, error) {
	s, err := f.standing(ctx, "reading whether a pull request can be merged", number)
	return s.Readiness, err
}

func (f *Forge) standing(ctx context.Context, op string, number int) (standing, error) {
	raw, err := f.pull(ctx, op, number)
	if err != nil {
		return standing{}, err
	}
	client, err := f.sdk(ctx)
	if err != nil {
		return standing{}, f.classify(ctx, op, nil, err)
	}
	pr := convert(raw)
	s := standing{Readiness: forge.Readiness{HeadSHA: pr.HeadSHA, Checks: forge.ChecksNone}}
	reviews, err := f.reviews(ctx, client, raw.Index)
	if err != nil {
		return standing{}, err
	}
	s.ChangesRequested = reviews.changesRequested
	combined, resp, err := client.GetCombinedStatus(f.owner, f.repo, pr.HeadSHA)
	if err != nil {
		return standing{}, f.classify(ctx, op, resp, err)
	}
	s.Checks = checks(combined)
	base, resp, err := client.GetRepoBranch(f.owner, f.repo, pr.Base)
	if err != nil {
		return standing{}, f.classify(ctx, op, resp, err)
	}
	s.required = base.EnableStatusCheck
	s.named = s.required && len(base.StatusCheckContexts) > 0
	behind := base.Commit == nil || raw.MergeBase != base.Commit.ID
	s.Conflict = pr.State == forge.StateOpen && !pr.Draft && !raw.Mergeable && behind
	s.Reason = reason(pr, raw, base, s, reviews.approvals)
	s.Mergeable = s.Reason == ""
	return s, nil
}

// reason says what a merge waits for, or nothing.
func reason(pr forge.PullRequest, raw *gitea.PullRequest, base *gitea.Branch, s standing, approvals int64) string {
	switch {
	case pr.State != forge.StateOpen:
		return "it is " + string(pr.State)
	case pr.Draft:
		return "it is a draft"
	case s.Conflict:
		return "it is in conflict with " + pr.Base
	case !raw.Mergeable:
		return "Gitea is still looking for conflicts"
	case !base.UserCanMerge:
		return "the token's user may not merge into " + pr.Base
	case approvals < base.RequiredApprovals:
		return fmt.Sprintf("it has %d of %d required approvals", approvals, base.RequiredApprovals)
	case s.required && s.Checks != forge.ChecksSuccess:
		return "required checks: " + string(s.Checks)
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
	if err := f.merge(ctx, op, number, m, false); err != nil {
		return forge.PullRequest{}, err
	}
	raw, err := f.pull(ctx, op, number)
	if err != nil {
		return forge.PullRequest{}, err
	}
	return convert(raw), nil
}

// Automerge asks Gitea to merge when the checks that the base's protection requires
// have succeeded.
//
// Gitea looks at no others: without such a requirement it would merge in the next
// second, whatever is running, and so would it where a check is required, none is
// named and none was reported. Both are ErrNotReady here, as is a pull request for
// which nothing is waited any more. Gitea keeps to the pull request and not to the
// commit: what is pushed later is merged, too, when its checks succeed.
func (f *Forge) Automerge(ctx context.Context, number int, m forge.MergeRequest) error {
	const op = "asking for an automatic merge"
	s, err := f.standing(ctx, op, number)
	if err != nil {
		return err
	}
	notReady := func(why string) error { return &forge.Error{Op: op, Message: why, Err: forge.ErrNotReady} }
	switch {
	case s.HeadSHA != m.SHA:
		return notReady("the head is at another commit")
	case !s.required:
		return notReady("the base's protection requires no check, and Gitea would merge at once")
	case s.Checks == forge.ChecksNone && !s.named:
		return notReady("there is no check yet")
	case s.Mergeable && s.Checks == forge.ChecksSuccess:
		return notReady("there is nothing to wait for")
	}
	err = f.merge(ctx, op, number, m, true)
	var refused *forge.Error
	if errors.As(err, &refused) && refused.Status == http.StatusConflict {
		return nil // it was asked before
	}
	return err
}

// merge makes the call. After a cut-off answer nobody knows whether it took effect, so
// it isn't repeated.
func (f *Forge) merge(ctx context.Context, op string, number int, m forge.MergeRequest, later bool) error {
	client, err := f.sdk(ctx)
	if err != nil {
		return f.classify(ctx, op, nil, err)
	}
	style := gitea.MergeStyle(m.Method)
	if style == "" {
		style = gitea.MergeStyleMerge
	}
	done, resp, err := client.MergePullRequest(f.owner, f.repo, int64(number), gitea.MergePullRequestOption{
		Style: style, Title: m.Title, Message: m.Message, HeadCommitId: m.SHA, MergeWhenChecksSucceed: later,
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
