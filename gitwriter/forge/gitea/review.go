package gitea

import (
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

// Comments reads the conversation; Gitea gives it whole, whatever its length, so
// that since is what bounds it. Gitea doesn't say who is a program.
func (f *Forge) Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error) {
	const op = "reading comments"
	client, err := f.sdk(ctx)
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	list, resp, err := client.ListIssueComments(f.owner, f.repo, int64(number), gitea.ListIssueCommentOptions{Since: since})
	if err != nil {
		return nil, f.settle(f.classify(ctx, op, resp, err), forge.ErrNotFound, func() (*gitea.Response, error) {
			_, resp, err := client.GetIssue(f.owner, f.repo, int64(number))
			return resp, err
		})
	}
	var out []forge.Comment
	for _, c := range list {
		if c.Updated.Before(since) {
			continue
		}
		comment := forge.Comment{ID: c.ID, Body: c.Body, CreatedAt: c.Created, UpdatedAt: c.Updated}
		if c.Poster != nil {
			comment.Author = c.Poster.UserName
		}
		out = append(out, comment)
	}
	slices.SortStableFunc(out, func(a, b forge.Comment) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return out, nil
}

// Permission asks Gitea, which answers only who administers the repository (and
// anybody about themselves). With a lesser token nobody is known to have a permission
// but the owner, and a warning says so: one who comments must not be able to stop a
// round by it.
func (f *Forge) Permission(ctx context.Context, login string) (forge.Permission, error) {
	const op = "reading a permission"
	if !allowed(login) {
		return forge.PermissionNone, nil // no such name can exist
	}
	client, err := f.sdk(ctx)
	if err != nil {
		return forge.PermissionNone, f.classify(ctx, op, nil, err)
	}
	answer, resp, err := client.CollaboratorPermission(f.owner, f.repo, login)
	if err != nil {
		err = f.classify(ctx, op, resp, err)
		if errors.Is(err, forge.ErrNotFound) {
			return forge.PermissionNone, f.isThere(ctx, client, err)
		}
		if errors.Is(err, forge.ErrForbidden) {
			return f.ownersAlone(ctx, login), nil
		}
		return forge.PermissionNone, err
	}
	if answer == nil {
		return forge.PermissionNone, nil
	}
	switch answer.Permission {
	case gitea.AccessModeRead:
		return forge.PermissionRead, nil
	case gitea.AccessModeWrite:
		return forge.PermissionWrite, nil
	case gitea.AccessModeAdmin, gitea.AccessModeOwner:
		return forge.PermissionAdmin, nil
	}
	return forge.PermissionNone, nil
}

// ownersAlone is what can be known where Gitea doesn't tell.
func (f *Forge) ownersAlone(ctx context.Context, login string) forge.Permission {
	if strings.EqualFold(login, f.owner) {
		return forge.PermissionAdmin
	}
	f.log.WarnContext(ctx, "Gitea tells only administrators of a repository what others may do there: the token's user has to be one, or nobody but the owner is obeyed",
		"owner", f.owner, "repo", f.repo, "login", login)
	return forge.PermissionNone
}

// isThere gives err when the repository itself is missing, and nil when it is there,
// so that only the user can have been meant.
func (f *Forge) isThere(ctx context.Context, client *gitea.Client, err error) error {
	_, resp, lookErr := client.GetRepo(f.owner, f.repo)
	switch {
	case lookErr == nil:
		return nil
	case resp != nil && resp.StatusCode == http.StatusNotFound:
		return err
	default:
		return f.classify(ctx, "looking for the repository", resp, lookErr)
	}
}

// opinions are what the reviews of a pull request come to.
type opinions struct {
	changesRequested bool
	approvals        int64 // official ones, that are about what is there now
}

// reviews takes each reviewer's last word. A remark is no word, and a dismissed one
// doesn't count.
func (f *Forge) reviews(ctx context.Context, client *gitea.Client, number int64) (opinions, error) {
	last := map[string]*gitea.PullReview{}
	var out opinions
	err := api.Pages(func(page int) (int, error) {
		list, resp, err := client.ListPullReviews(f.owner, f.repo, number, gitea.ListPullReviewsOptions{
			ListOptions: gitea.ListOptions{Page: page, PageSize: f.page},
		})
		if err != nil {
			return 0, f.classify(ctx, "reading reviews", resp, err)
		}
		for _, review := range list {
			if review.Reviewer == nil || review.State == gitea.ReviewStateRequestReview || review.State == gitea.ReviewStatePending {
				continue
			}
			who := review.Reviewer.UserName
			old := last[who]
			if review.State != gitea.ReviewStateComment && (old == nil || !review.Submitted.Before(old.Submitted)) {
				last[who] = review
			}
		}
		return resp.NextPage, nil
	})
	for _, review := range last {
		switch {
		case review.Dismissed:
		case review.State == gitea.ReviewStateRequestChanges:
			out.changesRequested = true
		case review.State == gitea.ReviewStateApproved && review.Official && !review.Stale:
			out.approvals++
		}
	}
	return out, err
}
