package git_test

import (
	"context"
	"net/http"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/e2e/testbed"
)

// pulls are all pull requests of a repository, open or not, by their numbers.
func (s *scene) pulls(repo testbed.GiteaRepo) []*sdk.PullRequest {
	s.Helper()
	client, err := s.gitea.Client(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	all, _, err := client.ListRepoPullRequests(repo.Owner, repo.Name, sdk.ListPullRequestsOptions{
		State: sdk.StateAll, Sort: "oldest", ListOptions: sdk.ListOptions{PageSize: 50},
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// merge merges a pull request as soon as Gitea has found out, in the background, that
// it can.
func (s *scene) merge(repo testbed.GiteaRepo, number int64) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	client, err := s.gitea.Client(ctx)
	if err != nil {
		s.Fatal(err)
	}
	for {
		ok, resp, err := client.MergePullRequest(repo.Owner, repo.Name, number, sdk.MergePullRequestOption{Style: sdk.MergeStyleMerge})
		if ok {
			return
		}
		if resp == nil || resp.StatusCode != http.StatusMethodNotAllowed || ctx.Err() != nil {
			s.Fatalf("merging %d of %s: %v", number, repo.Name, err)
		}
	}
}
