package gitea

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// Decorate looks first at what the pull request has. Where nothing is missing, that
// look is the only call.
func (f *Forge) Decorate(ctx context.Context, number int, d forge.Decoration) (forge.PullRequest, error) {
	raw, err := f.pull(ctx, "decorating a pull request", number)
	if err != nil {
		return forge.PullRequest{}, err
	}
	return f.decorate(ctx, raw, d)
}

// pull reads one pull request.
func (f *Forge) pull(ctx context.Context, op string, number int) (*gitea.PullRequest, error) {
	client, err := f.sdk(ctx)
	if err != nil {
		return nil, f.classify(ctx, op, nil, err)
	}
	raw, resp, err := client.GetPullRequest(f.owner, f.repo, int64(number))
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return nil, f.classify(ctx, op, resp, err)
	}
	return raw, nil
}

// decorate adds part by part, one call each, so that one unknown name doesn't lose
// the others.
func (f *Forge) decorate(ctx context.Context, raw *gitea.PullRequest, d forge.Decoration) (forge.PullRequest, error) {
	out := convert(raw)
	client, err := f.sdk(api.Repeatable(ctx))
	if err != nil {
		return out, f.classify(ctx, "decorating a pull request", nil, err)
	}
	var errs []error
	if missing := without(d.Labels, out.Labels); len(missing) > 0 {
		labels, err := f.addLabels(ctx, client, raw.Index, missing)
		if err != nil {
			errs = append(errs, err)
		} else {
			out.Labels = labels
		}
	}
	errs = append(errs,
		f.askReviewers(ctx, client, raw, d.Reviewers),
		f.assign(ctx, client, raw, d.Assignees))
	if d.Milestone != "" && out.Milestone == "" {
		err := f.putMilestone(ctx, client, raw.Index, d.Milestone)
		if err == nil {
			out.Milestone = d.Milestone
		}
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// askReviewers leaves out who was asked already. Gitea counts among them who has
// answered, and would take the answer for an old one if it asked again.
func (f *Forge) askReviewers(ctx context.Context, client *gitea.Client, raw *gitea.PullRequest, names []string) error {
	asked := logins(raw.RequestedReviewers)
	for _, team := range raw.RequestedReviewersTeams {
		asked = append(asked, f.owner+"/"+team.Name)
	}
	missing := without(names, asked)
	if len(missing) == 0 {
		return nil
	}
	return f.request(ctx, client, raw.Index, missing)
}

// request asks all at once, and where Gitea refuses that for one of them, each alone.
func (f *Forge) request(ctx context.Context, client *gitea.Client, number int64, names []string) error {
	resp, err := client.CreateReviewRequests(f.owner, f.repo, number, reviewers(names))
	if err == nil {
		return nil
	}
	err = f.classify(ctx, fmt.Sprintf("requesting reviews by %q", names), resp, err)
	if len(names) == 1 || !errors.Is(err, forge.ErrNotFound) && !errors.Is(err, forge.ErrInvalid) {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, f.request(ctx, client, number, []string{name}))
	}
	return errors.Join(errs...)
}

// assign sends the whole list, since Gitea puts it in place of the old one.
func (f *Forge) assign(ctx context.Context, client *gitea.Client, raw *gitea.PullRequest, names []string) error {
	old := logins(raw.Assignees)
	missing := without(names, old)
	if len(missing) == 0 {
		return nil
	}
	all := slices.Concat(old, missing)
	if _, resp, err := client.EditPullRequest(f.owner, f.repo, raw.Index, gitea.EditPullRequestOption{Assignees: all}); err != nil {
		return f.classify(ctx, "assigning a pull request", resp, err)
	}
	return nil
}

func (f *Forge) putMilestone(ctx context.Context, client *gitea.Client, number int64, title string) error {
	op := fmt.Sprintf("setting the milestone %q", title)
	id, err := f.milestone(ctx, client, op, title)
	if err != nil {
		return err
	}
	if _, resp, err := client.EditPullRequest(f.owner, f.repo, number, gitea.EditPullRequestOption{Milestone: id}); err != nil {
		return f.classify(ctx, op, resp, err)
	}
	return nil
}

// milestone finds a milestone by its exact title. Gitea's own look-up by name takes a
// title that is a number for an ID.
func (f *Forge) milestone(ctx context.Context, client *gitea.Client, op, title string) (int64, error) {
	var id int64
	err := api.Pages(func(page int) (int, error) {
		list, resp, err := client.ListRepoMilestones(f.owner, f.repo, gitea.ListMilestoneOption{
			ListOptions: gitea.ListOptions{Page: page, PageSize: f.page}, State: gitea.StateAll, Name: title,
		})
		if err != nil {
			return 0, f.classify(ctx, op, resp, err)
		}
		for _, m := range list {
			if m.Title == title {
				id = m.ID
				return 0, nil
			}
		}
		return resp.NextPage, nil
	})
	if err != nil {
		return 0, f.classify(ctx, op, nil, err)
	}
	if id == 0 {
		return 0, &forge.Error{Op: op, Message: "the repository has no such milestone", Err: forge.ErrInvalid}
	}
	return id, nil
}

// reviewers tells teams, written org/team, from people.
func reviewers(names []string) gitea.PullReviewRequestOptions {
	var out gitea.PullReviewRequestOptions
	for _, name := range names {
		if _, team, ok := strings.Cut(name, "/"); ok {
			out.TeamReviewers = append(out.TeamReviewers, team)
		} else {
			out.Reviewers = append(out.Reviewers, name)
		}
	}
	return out
}

func logins(users []*gitea.User) []string {
	var out []string
	for _, user := range users {
		out = append(out, user.UserName)
	}
	return out
}

// without gives the names that aren't among those that are had. Gitea's names don't
// differ in case alone; its labels may, and a second one is then meant.
func without(names, had []string) []string {
	var out []string
	for _, name := range names {
		if !slices.Contains(had, name) {
			out = append(out, name)
		}
	}
	return out
}
