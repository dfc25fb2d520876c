package gitlab

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// botName is how GitLab names the users behind project and group access tokens
// ("Bot users for projects", docs.gitlab.com). Notes don't say it otherwise.
var botName = regexp.MustCompile(`^(project|group)_[0-9]+_bot(_[0-9a-f]+)?$`)

// Comments reads a merge request's notes, the newest changed first and no further
// than since. GitLab's own notes ("changed the description") aren't comments. Issues
// have numbers of their own in GitLab, and their conversation isn't read.
func (f *Forge) Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error) {
	const op = "reading comments"
	options := &gitlab.ListMergeRequestNotesOptions{
		ListOptions: gitlab.ListOptions{PerPage: f.page}, OrderBy: gitlab.Ptr("updated_at"), Sort: gitlab.Ptr("desc"),
	}
	seen := map[int64]bool{}
	var out []forge.Comment
	err := api.Pages(func(page int) (int, error) {
		options.Page = int64(page)
		list, resp, err := f.client.Notes.ListMergeRequestNotes(f.project, int64(number), options, gitlab.WithContext(ctx))
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, note := range list {
			if at(note.UpdatedAt).Before(since) {
				return 0, nil
			}
			if seen[note.ID] || note.System || note.Type == gitlab.DiffNote {
				continue
			}
			seen[note.ID] = true
			out = append(out, forge.Comment{
				ID: note.ID, Author: note.Author.Username, Bot: botName.MatchString(note.Author.Username),
				Body: arm(note.Body), CreatedAt: at(note.CreatedAt), UpdatedAt: at(note.UpdatedAt),
			})
		}
		return int(resp.NextPage), nil
	})
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	slices.SortFunc(out, func(a, b forge.Comment) int {
		if order := a.CreatedAt.Compare(b.CreatedAt); order != 0 {
			return order
		}
		return int(a.ID - b.ID)
	})
	return out, nil
}

// Permission looks among the project's members, those of its groups and of groups
// that were invited included. Whoever reads a public project without being a member
// has PermissionNone.
func (f *Forge) Permission(ctx context.Context, login string) (forge.Permission, error) {
	const op = "reading a permission"
	if !name.MatchString(login) {
		return forge.PermissionNone, nil // no such name can exist
	}
	options := &gitlab.ListProjectMembersOptions{ListOptions: gitlab.ListOptions{PerPage: f.page}, Query: &login}
	found := forge.PermissionNone
	err := api.Pages(func(page int) (int, error) {
		options.Page = int64(page)
		list, resp, err := f.client.ProjectMembers.ListAllProjectMembers(f.project, options, gitlab.WithContext(ctx))
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, member := range list {
			if strings.EqualFold(member.Username, login) && member.State == "active" {
				found = max(found, permission(member.AccessLevel))
			}
		}
		return int(resp.NextPage), nil
	})
	if err != nil {
		return forge.PermissionNone, f.classify(ctx, op, nil, err)
	}
	return found, nil
}

// permission reads GitLab's levels: Guest, Planner and Reporter may not push, a
// Developer may, and from Maintainer on the project's settings are open.
func permission(level gitlab.AccessLevelValue) forge.Permission {
	switch {
	case level >= gitlab.MaintainerPermissions:
		return forge.PermissionAdmin
	case level >= gitlab.DeveloperPermissions:
		return forge.PermissionWrite
	case level >= gitlab.GuestPermissions:
		return forge.PermissionRead
	}
	return forge.PermissionNone
}
