package gitlab

import (
	"context"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Readiness goes by detailed_merge_status, in which GitLab sums up its own rules,
// required approvals among them, and by the head's pipeline, to which outside reports
// belong, too. While that is under way it looks whether a part of it has failed already.
func (f *Forge) Readiness(ctx context.Context, number int) (forge.Readiness, error) {
	const op = "reading whether a merge request can be merged"
	raw, err := f.get(ctx, op, number)
	if err != nil {
		return forge.Readiness{}, err
	}
	reviewers, resp, err := f.client.MergeRequests.GetMergeRequestReviewers(f.project, raw.IID, gitlab.WithContext(ctx))
	if err != nil {
		return forge.Readiness{}, f.classify(ctx, op, resp, err)
	}
	r := readiness(raw)
	for _, reviewer := range reviewers {
		r.ChangesRequested = r.ChangesRequested || reviewer.State == "requested_changes"
	}
	if r.Checks != forge.ChecksPending {
		return r, nil
	}
	failed, err := f.failed(ctx, op, raw.SHA)
	if failed {
		r.Checks = forge.ChecksFailure
	}
	return r, err
}

// failed tells whether a job or report on the commit has failed that may not.
func (f *Forge) failed(ctx context.Context, op, sha string) (bool, error) {
	options := &gitlab.GetCommitStatusesOptions{ListOptions: gitlab.ListOptions{PerPage: f.page}}
	failed := false
	err := api.Pages(func(page int) (int, error) {
		options.Page = int64(page)
		list, resp, err := f.client.Commits.GetCommitStatuses(f.project, sha, options, gitlab.WithContext(ctx))
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, s := range list {
			over := s.Status == string(gitlab.Failed) || s.Status == string(gitlab.Canceled)
			failed = failed || over && !s.AllowFailure
		}
		return int(resp.NextPage), nil
	})
	if err != nil {
		return false, f.classify(ctx, op, nil, err)
	}
	return failed, nil
}

func readiness(raw *gitlab.MergeRequest) forge.Readiness {
	detail := raw.DetailedMergeStatus
	r := forge.Readiness{
		HeadSHA: raw.SHA, Checks: checks(raw.HeadPipeline), ChangesRequested: detail == "requested_changes",
		Mergeable: raw.State == "opened" && detail == "mergeable",
		Conflict:  raw.State == "opened" && (raw.HasConflicts || detail == "conflict"),
	}
	switch {
	case r.Mergeable:
	case r.Conflict:
		r.Reason = "it is in conflict with " + raw.TargetBranch
	default:
		r.Reason = reason(raw.State, detail)
	}
	return r
}

// reason puts GitLab's word for what a merge waits for into a sentence; words that
// are newer than this are shown as they are.
func reason(state, detail string) string {
	if state != "opened" {
		return "it is " + state
	}
	switch detail {
	case "draft_status":
		return "it is a draft"
	case "not_approved":
		return "required approvals are missing"
	case "requested_changes":
		return "a reviewer asks for changes"
	case "ci_still_running", "ci_must_pass":
		return "its pipeline has to succeed"
	case "discussions_not_resolved":
		return "threads have to be resolved"
	case "need_rebase":
		return "it has to be rebased"
	case "checking", "unchecked", "preparing", "approvals_syncing":
		return "GitLab is still looking whether it can be merged"
	case "":
		return "GitLab doesn't say whether it can be merged"
	}
	return "GitLab says " + forge.OneLine(strings.ReplaceAll(detail, "_", " "))
}

// checks reads the state of a pipeline. One that was skipped has checked nothing.
func checks(pipeline *gitlab.Pipeline) forge.Checks {
	if pipeline == nil {
		return forge.ChecksNone
	}
	switch pipeline.Status {
	case "success":
		return forge.ChecksSuccess
	case "failed", "canceled":
		return forge.ChecksFailure
	case "skipped", "":
		return forge.ChecksNone
	}
	return forge.ChecksPending
}

// Merge merges at once. MergeRebase needs a project that merges by fast-forward,
// which is GitLab's word for it; elsewhere it is ErrUnsupported. MergeCommit in such a
// project is a fast-forward, too: the project's setting decides.
func (f *Forge) Merge(ctx context.Context, number int, m forge.MergeRequest) (forge.PullRequest, error) {
	const op = "merging a merge request"
	if m.Method == forge.MergeRebase {
		if err := f.fastForwards(ctx, op); err != nil {
			return forge.PullRequest{}, err
		}
	}
	return f.accept(ctx, op, number, m, false)
}

func (f *Forge) fastForwards(ctx context.Context, op string) error {
	project, resp, err := f.client.Projects.GetProject(f.project, nil, gitlab.WithContext(ctx))
	if err != nil {
		return f.classify(ctx, op, resp, err)
	}
	if project.MergeMethod != gitlab.FastForwardMerge {
		return refused(op, "the project doesn't merge by fast-forward (Settings, Merge requests)", forge.ErrUnsupported)
	}
	return nil
}

// Automerge sets GitLab's auto-merge. Without a pipeline there would be nothing that
// it waits for but people, so that is ErrNotReady, as is a merge request that can be
// merged now. GitLab ends auto-merge itself when somebody pushes.
func (f *Forge) Automerge(ctx context.Context, number int, m forge.MergeRequest) error {
	const op = "asking for an automatic merge"
	raw, err := f.get(ctx, op, number)
	if err != nil {
		return err
	}
	r := readiness(raw)
	switch {
	case raw.State != "opened":
		return refused(op, "it is "+raw.State, forge.ErrNotReady)
	case raw.SHA != m.SHA:
		return refused(op, "the head is at another commit", forge.ErrNotReady)
	case raw.MergeWhenPipelineSucceeds:
		return nil
	case r.Checks == forge.ChecksNone:
		return refused(op, "there is no pipeline", forge.ErrNotReady)
	case r.Mergeable && r.Checks == forge.ChecksSuccess:
		return refused(op, "there is nothing to wait for", forge.ErrNotReady)
	}
	if m.Method == forge.MergeRebase {
		if err := f.fastForwards(ctx, op); err != nil {
			return err
		}
	}
	_, err = f.accept(ctx, op, number, m, true)
	return err
}

// CancelAutomerge looks before and afterwards: GitLab answers with 201 whether it has
// ended the auto-merge or not.
func (f *Forge) CancelAutomerge(ctx context.Context, number int) error {
	const op = "ending an automatic merge"
	raw, err := f.get(ctx, op, number)
	if err != nil || !raw.MergeWhenPipelineSucceeds {
		return err
	}
	_, resp, err := f.client.MergeRequests.CancelMergeWhenPipelineSucceeds(f.project, raw.IID, gitlab.WithContext(api.Repeatable(ctx)))
	if err != nil {
		err = f.classify(ctx, op, resp, err)
		if status(err) == http.StatusUnauthorized { // so says GitLab to who may not, too
			return f.isThere(ctx, err, forge.ErrForbidden)
		}
		return err
	}
	raw, err = f.get(ctx, op, number)
	if err == nil && raw.MergeWhenPipelineSucceeds {
		return refused(op, "GitLab didn't end it", forge.ErrNotReady)
	}
	return err
}

// accept makes the call. After a cut-off answer nobody knows whether it took effect,
// so it isn't repeated.
func (f *Forge) accept(ctx context.Context, op string, number int, m forge.MergeRequest, later bool) (forge.PullRequest, error) {
	options := &gitlab.AcceptMergeRequestOptions{SHA: &m.SHA}
	if later {
		options.AutoMerge = &later
		options.MergeWhenPipelineSucceeds = &later //nolint:staticcheck // its name before GitLab 17.11
	}
	text := strings.TrimSpace(m.Title + "\n\n" + m.Message)
	options.Squash = gitlab.Ptr(m.Method == forge.MergeSquash)
	switch {
	case text == "":
	case m.Method == forge.MergeSquash:
		options.SquashCommitMessage = &text
	default:
		options.MergeCommitMessage = &text
	}
	raw, resp, err := f.client.MergeRequests.AcceptMergeRequest(f.project, int64(number), options, gitlab.WithContext(ctx))
	raw, err = f.whole(ctx, op, raw, resp, err)
	if err == nil {
		return convert(&raw.BasicMergeRequest), nil
	}
	switch status(err) {
	case http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusConflict, http.StatusUnprocessableEntity:
		return forge.PullRequest{}, as(err, forge.ErrNotReady)
	case http.StatusUnauthorized: // so says GitLab to who may not merge into the branch, too
		return forge.PullRequest{}, f.isThere(ctx, err, forge.ErrForbidden)
	}
	return forge.PullRequest{}, err
}
