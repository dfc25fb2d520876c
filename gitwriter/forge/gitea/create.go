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

// labelColor is given to labels that had to be made: a quiet blue.
const labelColor = "#1d76db"

// Create opens the pull request, then adds labels, reviewers and assignees, one
// call each. Gitea would take labels and assignees at once, but then one unknown
// name would lose the whole pull request.
func (f *Forge) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	op := fmt.Sprintf("creating a pull request from %q to %q", pr.Head, pr.Base)
	client, err := f.sdk(ctx)
	if err != nil {
		return forge.PullRequest{}, f.classify(ctx, op, nil, err)
	}
	title := pr.Title
	if pr.Draft {
		title = draftPrefix + title
	}
	raw, resp, err := client.CreatePullRequest(f.owner, f.repo, gitea.CreatePullRequestOption{
		Head: pr.Head, Base: pr.Base, Title: title, Body: pr.Body,
	})
	if err == nil {
		err = whole(raw)
	}
	if err != nil {
		return forge.PullRequest{}, f.orInvalid(ctx, f.classify(ctx, op, resp, err))
	}
	out := convert(raw)
	f.log.InfoContext(ctx, "created a pull request", "owner", f.owner, "repo", f.repo, "number", out.Number)
	return f.decorate(ctx, out, pr)
}

func (f *Forge) decorate(ctx context.Context, out forge.PullRequest, pr forge.NewPullRequest) (forge.PullRequest, error) {
	client, err := f.sdk(api.Repeatable(ctx))
	if err != nil {
		return out, f.classify(ctx, "completing a pull request", nil, err)
	}
	number := int64(out.Number)
	var errs []error
	if len(pr.Labels) > 0 {
		labels, err := f.addLabels(ctx, client, number, pr.Labels)
		if err != nil {
			errs = append(errs, err)
		} else {
			out.Labels = labels
		}
	}
	if len(pr.Reviewers) > 0 {
		resp, err := client.CreateReviewRequests(f.owner, f.repo, number, reviewers(pr.Reviewers))
		if err != nil {
			errs = append(errs, f.classify(ctx, "requesting reviews of a pull request", resp, err))
		}
	}
	if len(pr.Assignees) > 0 {
		_, resp, err := client.EditPullRequest(f.owner, f.repo, number, gitea.EditPullRequestOption{Assignees: pr.Assignees})
		if err != nil {
			errs = append(errs, f.classify(ctx, "assigning a pull request", resp, err))
		}
	}
	return out, errors.Join(errs...)
}

// addLabels adds labels by name, and returns the names that the pull request has
// then.
func (f *Forge) addLabels(ctx context.Context, client *gitea.Client, number int64, names []string) ([]string, error) {
	known, err := f.labels(ctx, client)
	if err != nil {
		return nil, err
	}
	once, err := f.sdk(ctx) // making a label twice would leave two of one name
	if err != nil {
		return nil, f.classify(ctx, "making a label", nil, err)
	}
	var ids []int64
	for _, name := range names {
		id, ok := known[name]
		if !ok {
			label, resp, err := once.CreateLabel(f.owner, f.repo, gitea.CreateLabelOption{Name: name, Color: labelColor})
			if err != nil {
				return nil, f.classify(ctx, fmt.Sprintf("making the label %q", name), resp, err)
			}
			id, known[name] = label.ID, label.ID
		}
		ids = append(ids, id)
	}
	added, resp, err := client.AddIssueLabels(f.owner, f.repo, number, gitea.IssueLabelsOption{Labels: ids})
	if err != nil {
		return nil, f.classify(ctx, "adding labels to a pull request", resp, err)
	}
	var out []string
	for _, label := range added {
		out = append(out, label.Name)
	}
	slices.Sort(out)
	return out, nil
}

// labels maps the names of labels to IDs; a repository's own label goes before
// its organisation's of the same name.
func (f *Forge) labels(ctx context.Context, client *gitea.Client) (map[string]int64, error) {
	known := map[string]int64{}
	collect := func(list func(gitea.ListOptions) ([]*gitea.Label, *gitea.Response, error)) error {
		return api.Pages(func(page int) (int, error) {
			labels, resp, err := list(gitea.ListOptions{Page: page, PageSize: f.page})
			if err != nil {
				return 0, f.classify(ctx, "listing labels", resp, err)
			}
			for _, label := range labels {
				if _, ok := known[label.Name]; !ok {
					known[label.Name] = label.ID
				}
			}
			return resp.NextPage, nil
		})
	}
	err := collect(func(page gitea.ListOptions) ([]*gitea.Label, *gitea.Response, error) {
		return client.ListRepoLabels(f.owner, f.repo, gitea.ListLabelsOptions{ListOptions: page})
	})
	if err != nil {
		return nil, err
	}
	err = collect(func(page gitea.ListOptions) ([]*gitea.Label, *gitea.Response, error) {
		return client.ListOrgLabels(f.owner, gitea.ListOrgLabelsOptions{ListOptions: page})
	})
	// The owner may be a person, who has no such labels; and no answer at all
	// would only mean that a label is made twice.
	if err != nil && !errors.Is(err, forge.ErrNotFound) && !errors.Is(err, forge.ErrForbidden) {
		return nil, err
	}
	return known, nil
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
