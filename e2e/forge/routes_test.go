package forge_test

import (
	"testing"
	"time"

	gogithub "github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

const (
	owner = "acme"
	repo  = "deploy"
)

// Each route of our server is called at least once with success and once with a
// refusal, under the description.
func TestRoutesFitGitHub(t *testing.T) {
	for name, test := range map[string]func(*sweep){
		"repository": repositoryRoutes, "refs": refRoutes, "pull request": pullRoutes, "merge": mergeRoutes,
		"people": peopleRoutes, "labels": labelRoutes, "statuses": statusRoutes, "refusals": refusals, "limits": rateLimits,
		"issues": issueRoutes, "milestones": milestoneRoutes, "comments": commentRoutes, "reviews": reviewRoutes, "checks": checkRoutes,
		"permissions": permissionRoutes, "conditions": conditionalRoutes,
	} {
		t.Run(name, func(t *testing.T) { test(newSweep(t)) })
	}
}

func repositoryRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	got, resp, err := c.Repositories.Get(ctx, owner, repo)
	s.status("get", 200, resp, err)
	if got.GetDefaultBranch() != "main" || !got.GetPermissions()["push"] {
		s.Errorf("the repository has default branch %q, permissions %v", got.GetDefaultBranch(), got.GetPermissions())
	}
	branches, resp, err := c.Repositories.ListBranches(ctx, owner, repo, nil)
	s.status("list branches", 200, resp, err)
	if len(branches) != 2 || branches[1].GetName() != "towline/web" || branches[1].GetCommit().GetSHA() != s.head {
		s.Errorf("branches: %v", branches)
	}
	branch, resp, err := c.Repositories.GetBranch(ctx, owner, repo, "towline/web", 0)
	s.status("get branch", 200, resp, err)
	if branch.GetCommit().GetSHA() != s.head {
		s.Errorf("branch: %v", branch)
	}
	_, resp, err = c.Repositories.GetBranch(ctx, owner, repo, "nope", 0)
	s.status("get missing branch", 404, resp, err)
	commits, resp, err := c.Repositories.ListCommits(ctx, owner, repo, &gogithub.CommitsListOptions{SHA: "towline/web"})
	s.status("list commits", 200, resp, err)
	if len(commits) != 2 || commits[0].GetSHA() != s.head {
		s.Errorf("commits: %v", commits)
	}
	_, resp, err = c.Repositories.ListCommits(ctx, owner, repo, &gogithub.CommitsListOptions{SHA: "nope"})
	s.status("list commits of nothing", 404, resp, err)
	_, resp, err = c.Repositories.GetCommit(ctx, owner, repo, s.head, nil)
	s.status("get commit", 200, resp, err)
	_, resp, err = c.Repositories.GetCommit(ctx, owner, repo, "nope", nil)
	s.status("get missing commit", 422, resp, err)
	user, resp, err := c.Users.Get(ctx, "")
	s.status("user", 200, resp, err)
	if user.GetLogin() != "towline-bot" {
		s.Errorf("user: %v", user)
	}
}

func refRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	ref := func(name, sha string) *gogithub.Reference {
		return &gogithub.Reference{Ref: &name, Object: &gogithub.GitObject{SHA: &sha}}
	}
	base := s.repo.Head("main")
	_, resp, err := c.Git.GetRef(ctx, owner, repo, "heads/towline/web")
	s.status("get", 200, resp, err)
	_, resp, err = c.Git.GetRef(ctx, owner, repo, "heads/nope")
	s.status("get missing", 404, resp, err)
	_, resp, err = c.Git.CreateRef(ctx, owner, repo, ref("refs/heads/new/one", base))
	s.status("create", 201, resp, err)
	_, resp, err = c.Git.CreateRef(ctx, owner, repo, ref("refs/heads/new/one", base))
	s.status("create again", 422, resp, err)
	_, resp, err = c.Git.CreateRef(ctx, owner, repo, ref("refs/heads/new/two", forty))
	s.status("create to nothing", 422, resp, err)
	_, resp, err = c.Git.UpdateRef(ctx, owner, repo, ref("refs/heads/new/one", s.head), false)
	s.status("update", 200, resp, err)
	if got := s.repo.Head("new/one"); got != s.head {
		s.Errorf("the branch stands at %s, want %s", got, s.head)
	}
	_, resp, err = c.Git.UpdateRef(ctx, owner, repo, ref("refs/heads/new/one", base), false)
	s.status("update backwards", 422, resp, err)
	_, resp, err = c.Git.UpdateRef(ctx, owner, repo, ref("refs/heads/new/one", base), true)
	s.status("update backwards by force", 200, resp, err)
	resp, err = c.Git.DeleteRef(ctx, owner, repo, "heads/new/one")
	s.status("delete", 204, resp, err)
	resp, err = c.Git.DeleteRef(ctx, owner, repo, "heads/new/one")
	s.status("delete again", 422, resp, err)
}

// forty is a commit that isn't there.
const forty = "0123456789012345678901234567890123456789"

func pullRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	pr, resp, err := c.PullRequests.Get(ctx, owner, repo, 1)
	s.status("get", 200, resp, err)
	if !pr.GetMergeable() || pr.GetCommits() != 1 || pr.GetAdditions() != 1 || pr.GetDeletions() != 1 || pr.GetChangedFiles() != 1 {
		s.Errorf("mergeable %t, %d commits, +%d -%d in %d files", pr.GetMergeable(), pr.GetCommits(), pr.GetAdditions(), pr.GetDeletions(), pr.GetChangedFiles())
	}
	_, resp, err = c.PullRequests.Get(ctx, owner, repo, 2)
	s.status("get missing", 404, resp, err)
	files, resp, err := c.PullRequests.ListFiles(ctx, owner, repo, 1, nil)
	s.status("files", 200, resp, err)
	const patch = "@@ -1 +1 @@\n-image: web:1.0.0\n+image: web:1.1.0"
	if len(files) != 1 || files[0].GetFilename() != "app.yaml" || files[0].GetPatch() != patch || files[0].GetStatus() != "modified" {
		s.Errorf("files: %v", files)
	}
	commits, resp, err := c.PullRequests.ListCommits(ctx, owner, repo, 1, nil)
	s.status("commits", 200, resp, err)
	if len(commits) != 1 || commits[0].GetSHA() != s.head || commits[0].GetCommit().GetMessage() != "Change app.yaml" {
		s.Errorf("commits: %v", commits)
	}
	for _, sort := range []string{"created", "updated"} {
		_, resp, err = c.PullRequests.List(ctx, owner, repo, &gogithub.PullRequestListOptions{State: "all", Sort: sort, Direction: "asc"})
		s.status("list by "+sort, 200, resp, err)
	}
	_, resp, err = c.PullRequests.Edit(ctx, owner, repo, 1, &gogithub.PullRequest{State: gogithub.String("closed")})
	s.status("close", 200, resp, err)
	_, resp, err = c.PullRequests.Edit(ctx, owner, repo, 1, &gogithub.PullRequest{Base: &gogithub.PullRequestBranch{Ref: gogithub.String("nope")}})
	s.status("edit to a missing base", 422, resp, err)
	s.commit("release", "other.txt", "x")
	pr, resp, err = c.PullRequests.Edit(ctx, owner, repo, 1, &gogithub.PullRequest{
		State: gogithub.String("open"), Base: &gogithub.PullRequestBranch{Ref: gogithub.String("release")},
	})
	s.status("open to another base", 200, resp, err)
	if pr.GetState() != "open" || pr.GetBase().GetRef() != "release" {
		s.Errorf("afterwards: %s to %s", pr.GetState(), pr.GetBase().GetRef())
	}
}

func mergeRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	merged, resp, err := c.PullRequests.IsMerged(ctx, owner, repo, 1)
	s.status("is merged, before", 404, resp, err)
	if merged {
		s.Error("it is merged before the merge")
	}
	_, resp, err = c.PullRequests.Merge(ctx, owner, repo, 1, "", &gogithub.PullRequestOptions{SHA: forty})
	s.status("merge another commit", 409, resp, err)
	result, resp, err := c.PullRequests.Merge(ctx, owner, repo, 1, "", &gogithub.PullRequestOptions{SHA: s.head, MergeMethod: "squash"})
	s.status("merge", 200, resp, err)
	if !result.GetMerged() || result.GetSHA() != s.repo.Head("main") {
		s.Errorf("result: %v, main at %s", result, s.repo.Head("main"))
	}
	merged, resp, err = c.PullRequests.IsMerged(ctx, owner, repo, 1)
	s.status("is merged, after", 204, resp, err)
	if !merged {
		s.Error("it isn't merged after the merge")
	}
	_, resp, err = c.PullRequests.Merge(ctx, owner, repo, 1, "", nil)
	s.status("merge again", 405, resp, err)
	_, resp, err = c.PullRequests.Merge(ctx, owner, repo, 9, "", nil)
	s.status("merge a missing one", 404, resp, err)
	pr, resp, err := c.PullRequests.Get(ctx, owner, repo, 1)
	s.status("get merged", 200, resp, err)
	if !pr.GetMerged() || pr.GetMergedBy().GetLogin() != "towline-bot" || pr.GetMergeCommitSHA() != result.GetSHA() {
		s.Errorf("the merged one: %v", pr)
	}
}

func peopleRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	_, resp, err := c.PullRequests.RequestReviewers(ctx, owner, repo, 1, gogithub.ReviewersRequest{Reviewers: []string{"alice"}, TeamReviewers: []string{"ops"}})
	s.status("request reviewers", 201, resp, err)
	asked, resp, err := c.PullRequests.ListReviewers(ctx, owner, repo, 1, nil)
	s.status("reviewers", 200, resp, err)
	if len(asked.Users) != 1 || len(asked.Teams) != 1 {
		s.Errorf("asked: %v", asked)
	}
	_, resp, err = c.PullRequests.RequestReviewers(ctx, owner, repo, 1, gogithub.ReviewersRequest{Reviewers: []string{"towline-bot"}})
	s.status("ask the author", 422, resp, err)
	resp, err = c.PullRequests.RemoveReviewers(ctx, owner, repo, 1, gogithub.ReviewersRequest{Reviewers: []string{"alice"}})
	s.status("remove a reviewer", 200, resp, err)
	_, resp, err = c.Issues.AddAssignees(ctx, owner, repo, 1, []string{"alice", "nobody"})
	s.status("assign", 201, resp, err)
	if _, assigned := s.repo.People(1); len(assigned) != 1 {
		s.Errorf("assigned: %v", assigned)
	}
	issue, resp, err := c.Issues.RemoveAssignees(ctx, owner, repo, 1, []string{"alice"})
	s.status("unassign", 200, resp, err)
	if len(issue.Assignees) != 0 {
		s.Errorf("still assigned: %v", issue.Assignees)
	}
	_, resp, err = c.Issues.CreateComment(ctx, owner, repo, 1, &gogithub.IssueComment{Body: gogithub.String("Hello.")})
	s.status("comment", 201, resp, err)
	list, resp, err := c.Issues.ListComments(ctx, owner, repo, 1, nil)
	s.status("comments", 200, resp, err)
	if len(list) != 1 || list[0].GetBody() != "Hello." {
		s.Errorf("comments: %v", list)
	}
	_, resp, err = c.Issues.CreateComment(ctx, owner, repo, 1, &gogithub.IssueComment{Body: gogithub.String("")})
	s.status("empty comment", 422, resp, err)
}

func labelRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	_, resp, err := c.Issues.AddLabelsToIssue(ctx, owner, repo, 1, []string{"b", "a"})
	s.status("add", 200, resp, err)
	labels, resp, err := c.Issues.ListLabelsByIssue(ctx, owner, repo, 1, nil)
	s.status("list", 200, resp, err)
	if len(labels) != 2 {
		s.Errorf("labels: %v", labels)
	}
	resp, err = c.Issues.RemoveLabelForIssue(ctx, owner, repo, 1, "b")
	s.status("remove", 200, resp, err)
	resp, err = c.Issues.RemoveLabelForIssue(ctx, owner, repo, 1, "b")
	s.status("remove again", 404, resp, err)
	_, resp, err = c.Issues.AddLabelsToIssue(ctx, owner, repo, 9, []string{"a"})
	s.status("add to nothing", 404, resp, err)
}

func statusRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	set := func(context, state, url string) (*gogithub.Response, error) {
		_, resp, err := c.Repositories.CreateStatus(ctx, owner, repo, s.head, &gogithub.RepoStatus{State: &state, Context: &context, TargetURL: &url})
		return resp, err
	}
	resp, err := set("a", "success", "http://localhost/")
	s.status("set", 201, resp, err)
	resp, err = set("b", "pending", "")
	s.status("set pending", 201, resp, err)
	resp, err = set("c", "success", "javascript:alert(1)")
	s.status("set with a wrong address", 422, resp, err)
	both, resp, err := c.Repositories.GetCombinedStatus(ctx, owner, repo, s.head, nil)
	s.status("combined", 200, resp, err)
	if both.GetState() != "pending" || both.GetTotalCount() != 2 || both.GetSHA() != s.head {
		s.Errorf("combined: %v", both)
	}
	list, resp, err := c.Repositories.ListStatuses(ctx, owner, repo, s.head, nil)
	s.status("list", 200, resp, err)
	if len(list) != 2 || list[0].GetContext() != "b" {
		s.Errorf("statuses: %v", list)
	}
}

func refusals(s *sweep) {
	ctx := s.Context()
	_, resp, err := s.as("nobody").PullRequests.Get(ctx, owner, repo, 1)
	s.status("unknown token", 401, resp, err)
	title := gogithub.String("x")
	_, resp, err = s.as("mallory-token").PullRequests.Edit(ctx, owner, repo, 1, &gogithub.PullRequest{Title: title})
	s.status("reader writes", 403, resp, err)
	_, resp, err = s.as("mallory-token").PullRequests.Get(ctx, owner, repo, 1)
	s.status("reader reads", 200, resp, err)
	_, resp, err = s.client.PullRequests.Get(ctx, owner, "nope", 1)
	s.status("missing repository", 404, resp, err)
}

func rateLimits(s *sweep) {
	ctx := s.Context()
	limits, resp, err := s.client.RateLimit.Get(ctx)
	s.status("limits", 200, resp, err)
	if limits.GetCore().Limit != 5000 {
		s.Errorf("limits: %v", limits)
	}
	s.server.SetSecondaryLimit(1, time.Second)
	_, resp, err = s.as(forgetest.Token).PullRequests.Get(ctx, owner, repo, 1)
	s.status("secondary limit", 403, resp, err)
	s.server.SetRateLimit(0, time.Now().Add(time.Hour))
	_, resp, err = s.as(forgetest.Token).PullRequests.Get(ctx, owner, repo, 1)
	s.status("primary limit", 403, resp, err)
}
