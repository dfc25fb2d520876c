package gitea

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// labelColor is given to labels that had to be made: a quiet blue.
const labelColor = "#1d76db"

// addLabels adds labels by name, and returns the names that the pull request has
// then.
func (f *Forge) addLabels(ctx context.Context, client *gitea.Client, number int64, names []string) ([]string, error) {
	ids, err := f.labelIDs(ctx, client, names)
	if err != nil {
		return nil, err
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

// labelIDs finds labels by name, and makes those that are missing.
func (f *Forge) labelIDs(ctx context.Context, client *gitea.Client, names []string) ([]int64, error) {
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
	return ids, nil
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
