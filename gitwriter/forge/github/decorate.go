package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Decorate looks at the pull request first, so that nobody is asked or told twice.
func (f *Forge) Decorate(ctx context.Context, number int, d forge.Decoration) (forge.PullRequest, error) {
	raw, err := f.get(ctx, number, "decorating a pull request")
	if err != nil {
		return forge.PullRequest{}, err
	}
	return f.decorate(ctx, raw, d, false)
}

// get reads one pull request.
func (f *Forge) get(ctx context.Context, number int, op string) (*github.PullRequest, error) {
	raw, resp, err := f.sdk().PullRequests.Get(ctx, f.owner, f.repo, number)
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return nil, f.classify(ctx, op, resp, err)
	}
	return raw, nil
}

// decorate adds what the pull request lacks, each part whatever becomes of the
// others. All of it may be repeated.
func (f *Forge) decorate(ctx context.Context, raw *github.PullRequest, d forge.Decoration, fresh bool) (forge.PullRequest, error) {
	out := convert(raw)
	ctx = api.Repeatable(ctx)
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if labels := missing(d.Labels, out.Labels); len(labels) > 0 {
		all, err := f.addLabels(ctx, out.Number, labels)
		if note(err); err == nil {
			out.Labels = all
		}
	}
	if d.Milestone != "" && out.Milestone == "" { // what a person chose stays
		err := f.setMilestone(ctx, out.Number, d.Milestone)
		if note(err); err == nil {
			out.Milestone = d.Milestone
		}
	}
	note(f.askReviewers(ctx, raw, d.Reviewers, fresh))
	note(f.assign(ctx, out.Number, missing(d.Assignees, logins(raw.Assignees))))
	return out, errors.Join(errs...)
}

// missing gives what of the wanted isn't there. Neither logins nor labels differ in
// case alone.
func missing(wanted, there []string) []string {
	var out []string
	for _, name := range wanted {
		same := func(other string) bool { return strings.EqualFold(name, other) }
		if !slices.ContainsFunc(there, same) && !slices.ContainsFunc(out, same) {
			out = append(out, name)
		}
	}
	return out
}

func logins(users []*github.User) []string {
	var out []string
	for _, user := range users {
		out = append(out, user.GetLogin())
	}
	return out
}

// addLabels gives all labels that are there afterwards. GitHub makes those that it
// doesn't know.
func (f *Forge) addLabels(ctx context.Context, number int, names []string) ([]string, error) {
	labels, resp, err := f.sdk().Issues.AddLabelsToIssue(ctx, f.owner, f.repo, number, names)
	if err != nil {
		return nil, f.classify(ctx, "adding labels to a pull request", resp, err)
	}
	var out []string
	for _, label := range labels {
		out = append(out, label.GetName())
	}
	slices.Sort(out)
	return out, nil
}

// setMilestone finds the milestone's number, by which alone GitHub takes it.
func (f *Forge) setMilestone(ctx context.Context, number int, title string) error {
	op := fmt.Sprintf("setting the milestone %q", title)
	options := &github.MilestoneListOptions{State: "all", ListOptions: github.ListOptions{PerPage: perPage}}
	var found *int
	err := api.Pages(func(page int) (int, error) {
		options.Page = page
		list, resp, err := f.sdk().Issues.ListMilestones(ctx, f.owner, f.repo, options)
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, m := range list {
			if m.GetTitle() == title {
				found = m.Number
				return 0, nil
			}
		}
		return resp.NextPage, nil
	})
	switch {
	case err != nil:
		return f.classify(ctx, op, nil, err)
	case found == nil:
		return &forge.Error{Op: op, Message: "the repository has no such milestone", Err: forge.ErrInvalid}
	}
	_, resp, err := f.sdk().Issues.Edit(ctx, f.owner, f.repo, number, &github.IssueRequest{Milestone: found})
	if err != nil {
		return f.classify(ctx, op, resp, err)
	}
	return nil
}

// assign assigns people. GitHub passes over in silence who may not be assigned.
func (f *Forge) assign(ctx context.Context, number int, names []string) error {
	const op = "assigning a pull request"
	if len(names) == 0 {
		return nil
	}
	issue, resp, err := f.sdk().Issues.AddAssignees(ctx, f.owner, f.repo, number, names)
	if err != nil {
		return f.classify(ctx, op, resp, err)
	}
	if left := missing(names, logins(issue.Assignees)); len(left) > 0 {
		return &forge.Error{Op: op, Message: forge.OneLine("GitHub assigns nobody called " + strings.Join(left, ", ")), Err: forge.ErrInvalid}
	}
	return nil
}
