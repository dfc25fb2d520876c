package gitlab

import (
	"context"
	"errors"
	"net/http"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// SetStatus reports on a commit; GitLab keeps the newest of each name, in a pipeline
// of outside reports. It has no word for an error apart from a failure. A commit that
// isn't there, or is on no branch, is ErrInvalid, as GitHub has it.
func (f *Forge) SetStatus(ctx context.Context, sha string, status forge.Status) error {
	const op = "setting a commit status"
	state := buildState(status.State)
	options := &gitlab.SetCommitStatusOptions{
		State: state, Name: &status.Context,
		Description: gitlab.Ptr(forge.Shorten(status.Description, forge.MaxDescription)),
	}
	if status.URL != "" {
		options.TargetURL = &status.URL
	}
	_, resp, err := f.client.Commits.SetCommitStatus(f.project, sha, options, gitlab.WithContext(api.Repeatable(ctx)))
	if err == nil {
		return nil
	}
	err = f.classify(ctx, op, resp, err)
	switch {
	case resp != nil && resp.StatusCode == http.StatusNotFound:
		return f.isThere(ctx, err, forge.ErrInvalid)
	case errors.Is(err, forge.ErrInvalid) && state == gitlab.Pending:
		return f.pending(ctx, sha, status.Context, err)
	}
	return err
}

// pending gives no error when the newest status of the name is pending already:
// GitLab refuses to make it so again (and keeps the older description).
func (f *Forge) pending(ctx context.Context, sha, name string, err error) error {
	list, _, lookErr := f.client.Commits.GetCommitStatuses(f.project, sha,
		&gitlab.GetCommitStatusesOptions{Name: &name}, gitlab.WithContext(ctx))
	if lookErr != nil {
		return err
	}
	for _, known := range list {
		if known.Name == name && known.Status == string(gitlab.Pending) {
			return nil
		}
	}
	return err
}

func buildState(state forge.StatusState) gitlab.BuildStateValue {
	switch state {
	case forge.StatusSuccess:
		return gitlab.Success
	case forge.StatusFailure, forge.StatusError:
		return gitlab.Failed
	}
	return gitlab.Pending
}
