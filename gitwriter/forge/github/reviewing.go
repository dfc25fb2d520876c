package github

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Comments lists the conversation. GitHub leaves out by itself what is older; servers
// that are like it may not.
func (f *Forge) Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error) {
	const op = "listing comments"
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: perPage}}
	since = since.UTC().Truncate(time.Second) // of which GitHub's times are
	if !since.IsZero() {
		options.Since = &since
	}
	seen := map[int64]bool{}
	var out []forge.Comment
	err := api.Pages(func(page int) (int, error) {
		options.Page = page
		list, resp, err := f.sdk().Issues.ListComments(ctx, f.owner, f.repo, number, options)
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, raw := range list {
			if !seen[raw.GetID()] && !raw.GetUpdatedAt().Before(since) {
				seen[raw.GetID()] = true
				out = append(out, convertComment(raw))
			}
		}
		return resp.NextPage, nil
	})
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	return out, nil
}

func convertComment(raw *github.IssueComment) forge.Comment {
	return forge.Comment{
		ID:        raw.GetID(),
		Author:    raw.GetUser().GetLogin(),
		Bot:       raw.GetUser().GetType() == "Bot",
		Body:      raw.GetBody(),
		CreatedAt: raw.GetCreatedAt().Time,
		UpdatedAt: raw.GetUpdatedAt().Time,
	}
}

// loginName is what GitHub allows; anything else could reach for another path of the
// API, and is nobody's.
var loginName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(\[bot\])?$`)

// Permission asks for one person. GitHub's finer roles come as the permission that
// they include: triage as read, maintain as write.
func (f *Forge) Permission(ctx context.Context, login string) (forge.Permission, error) {
	if !loginName.MatchString(login) {
		return forge.PermissionNone, nil
	}
	level, resp, err := f.sdk().Repositories.GetPermissionLevel(ctx, f.owner, f.repo, login)
	if err != nil {
		err = f.classify(ctx, "reading a permission", resp, err)
		if errors.Is(err, forge.ErrNotFound) { // not a user
			return forge.PermissionNone, nil
		}
		return forge.PermissionNone, err
	}
	switch level.GetPermission() {
	case "admin":
		return forge.PermissionAdmin, nil
	case "write":
		return forge.PermissionWrite, nil
	case "read":
		return forge.PermissionRead, nil
	default:
		return forge.PermissionNone, nil
	}
}
