package gitlab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Decorate looks first at what the merge request has. Where nothing is missing, that
// look is the only call. A team ("org/team") among the reviewers is ErrInvalid: GitLab
// asks people alone. An edition that allows one reviewer and one assignee keeps the
// first, and the others come back as an error.
func (f *Forge) Decorate(ctx context.Context, number int, d forge.Decoration) (forge.PullRequest, error) {
	raw, err := f.get(ctx, "decorating a merge request", number)
	if err != nil {
		return forge.PullRequest{}, err
	}
	return f.decorate(ctx, raw, d)
}

// decorate finds the names' IDs first, and puts what it found on by one call.
func (f *Forge) decorate(ctx context.Context, raw *gitlab.MergeRequest, d forge.Decoration) (forge.PullRequest, error) {
	const op = "decorating a merge request"
	out := convert(&raw.BasicMergeRequest)
	var errs []error
	options := gitlab.UpdateMergeRequestOptions{}
	if missing := without(d.Labels, raw.Labels); len(missing) > 0 {
		options.AddLabels = gitlab.Ptr(gitlab.LabelOptions(missing))
	}
	reviewers, err := f.people(ctx, "requesting reviews of a merge request", raw.Reviewers, d.Reviewers)
	options.ReviewerIDs, errs = reviewers, append(errs, err)
	assignees, err := f.people(ctx, "assigning a merge request", raw.Assignees, d.Assignees)
	options.AssigneeIDs, errs = assignees, append(errs, err)
	if d.Milestone != "" && raw.Milestone == nil {
		id, err := f.milestone(ctx, d.Milestone)
		if err != nil {
			errs = append(errs, err)
		} else {
			options.MilestoneID = &id
		}
	}
	if options == (gitlab.UpdateMergeRequestOptions{}) {
		return out, errors.Join(errs...)
	}
	changed, resp, err := f.client.MergeRequests.UpdateMergeRequest(f.project, raw.IID, &options, gitlab.WithContext(api.Repeatable(ctx)))
	changed, err = f.whole(ctx, op, changed, resp, err)
	if err != nil {
		return out, errors.Join(append(errs, err)...)
	}
	errs = append(errs,
		notTaken("requesting reviews of a merge request", reviewers, changed.Reviewers),
		notTaken("assigning a merge request", assignees, changed.Assignees))
	return convert(&changed.BasicMergeRequest), errors.Join(errs...)
}

// people gives the IDs of all who are there and of those who are to come, as GitLab
// puts the list in place of the old one; nil when nobody is to come. Those that can't
// be found are in the error, and don't stand in the way of the others.
func (f *Forge) people(ctx context.Context, op string, there []*gitlab.BasicUser, names []string) (*[]int64, error) {
	var ids []int64
	var had []string
	for _, user := range there {
		ids, had = append(ids, user.ID), append(had, strings.ToLower(user.Username))
	}
	var errs []error
	found := false
	for _, name := range names {
		if slices.Contains(had, strings.ToLower(name)) {
			continue
		}
		id, err := f.userID(ctx, op, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids, found = append(ids, id), true
	}
	if !found {
		return nil, errors.Join(errs...)
	}
	return &ids, errors.Join(errs...)
}

// userID finds a person by the login.
func (f *Forge) userID(ctx context.Context, op, login string) (int64, error) {
	if strings.Contains(login, "/") {
		return 0, refused(op, fmt.Sprintf("%q is a team, and GitLab asks people alone", login), forge.ErrInvalid)
	}
	users, resp, err := f.client.Users.ListUsers(&gitlab.ListUsersOptions{Username: &login}, gitlab.WithContext(ctx))
	if err != nil {
		return 0, f.classify(ctx, op, resp, err)
	}
	for _, user := range users {
		if strings.EqualFold(user.Username, login) {
			return user.ID, nil
		}
	}
	return 0, refused(op, fmt.Sprintf("there is nobody named %q", login), forge.ErrInvalid)
}

// notTaken is an error when GitLab has passed over somebody without a word, as it
// does with those who may not see the project, and with a second one where its
// edition allows one.
func notTaken(op string, asked *[]int64, taken []*gitlab.BasicUser) error {
	if asked == nil {
		return nil
	}
	lacking := 0
	for _, id := range *asked {
		if !slices.ContainsFunc(taken, func(user *gitlab.BasicUser) bool { return user.ID == id }) {
			lacking++
		}
	}
	if lacking == 0 {
		return nil
	}
	return refused(op, fmt.Sprintf("GitLab took %d of %d people", len(*asked)-lacking, len(*asked)), forge.ErrInvalid)
}

// milestone finds a milestone of the project or of a group above it.
func (f *Forge) milestone(ctx context.Context, title string) (int64, error) {
	op := fmt.Sprintf("setting the milestone %q", title)
	list, resp, err := f.client.Milestones.ListMilestones(f.project,
		&gitlab.ListMilestonesOptions{Title: &title, IncludeAncestors: gitlab.Ptr(true)}, gitlab.WithContext(ctx))
	if err != nil {
		return 0, f.classify(ctx, op, resp, err)
	}
	for _, m := range list {
		if m.Title == title {
			return m.ID, nil
		}
	}
	return 0, refused(op, "the repository has no such milestone", forge.ErrInvalid)
}

// without gives the names that aren't among those that are had.
func without(names, had []string) []string {
	var out []string
	for _, name := range names {
		if !slices.Contains(had, name) {
			out = append(out, name)
		}
	}
	return out
}
