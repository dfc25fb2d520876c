package forge_test

import (
	"net/http"
	"time"

	gogithub "github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

func issueRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	labels := []string{"towline"}
	issue, resp, err := c.Issues.Create(ctx, owner, repo, &gogithub.IssueRequest{Title: gogithub.String("Dashboard"), Body: gogithub.String("Text"), Labels: &labels})
	s.status("create", 201, resp, err)
	if issue.GetNumber() != 2 || issue.IsPullRequest() {
		s.Errorf("the issue: %v", issue)
	}
	_, resp, err = c.Issues.Create(ctx, owner, repo, &gogithub.IssueRequest{Title: gogithub.String("")})
	s.status("create without a title", 422, resp, err)
	all, resp, err := c.Issues.ListByRepo(ctx, owner, repo, &gogithub.IssueListByRepoOptions{State: "all"})
	s.status("list", 200, resp, err)
	if len(all) != 2 || !all[1].IsPullRequest() {
		s.Errorf("issues: %v", all)
	}
	labelled, resp, err := c.Issues.ListByRepo(ctx, owner, repo, &gogithub.IssueListByRepoOptions{Labels: labels, Sort: "updated", Direction: "asc"})
	s.status("list by label", 200, resp, err)
	if len(labelled) != 1 || labelled[0].GetNumber() != 2 {
		s.Errorf("issues by label: %v", labelled)
	}
	_, resp, err = c.Issues.Get(ctx, owner, repo, 1)
	s.status("get a pull request", 200, resp, err)
	_, resp, err = c.Issues.Get(ctx, owner, repo, 9)
	s.status("get missing", 404, resp, err)
	issue, resp, err = c.Issues.Edit(ctx, owner, repo, 2, &gogithub.IssueRequest{Body: gogithub.String("Changed"), State: gogithub.String("closed")})
	s.status("edit", 200, resp, err)
	if issue.GetState() != "closed" || issue.GetBody() != "Changed" || issue.ClosedAt == nil {
		s.Errorf("edited: %v", issue)
	}
	_, resp, err = c.Issues.Edit(ctx, owner, repo, 9, &gogithub.IssueRequest{Body: gogithub.String("x")})
	s.status("edit missing", 404, resp, err)
	issue, resp, err = s.as("mallory-token").Issues.Create(ctx, owner, repo, &gogithub.IssueRequest{Title: gogithub.String("Complaint"), Labels: &labels})
	s.status("a reader complains", 201, resp, err)
	if len(issue.Labels) != 0 {
		s.Errorf("a reader's labels: %v", issue.Labels)
	}
}

func milestoneRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	s.repo.CreateMilestone("May")
	list, resp, err := c.Issues.ListMilestones(ctx, owner, repo, &gogithub.MilestoneListOptions{State: "all"})
	s.status("list", 200, resp, err)
	if len(list) != 1 || list[0].GetTitle() != "May" || list[0].GetNumber() != 1 {
		s.Fatalf("milestones: %v", list)
	}
	_, resp, err = c.Issues.ListMilestones(ctx, owner, "nope", nil)
	s.status("list of nothing", 404, resp, err)
	_, resp, err = c.Issues.Edit(ctx, owner, repo, 1, &gogithub.IssueRequest{Milestone: gogithub.Int(1)})
	s.status("set", 200, resp, err)
	_, resp, err = c.Issues.Edit(ctx, owner, repo, 1, &gogithub.IssueRequest{Milestone: gogithub.Int(7)})
	s.status("set a missing one", 422, resp, err)
	pr, resp, err := c.PullRequests.Get(ctx, owner, repo, 1)
	s.status("get", 200, resp, err)
	if pr.GetMilestone().GetTitle() != "May" || pr.GetMilestone().GetOpenIssues() != 1 {
		s.Errorf("milestone: %v", pr.GetMilestone())
	}
}

func commentRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	made, resp, err := s.as("mallory-token").Issues.CreateComment(ctx, owner, repo, 1, &gogithub.IssueComment{Body: gogithub.String("Hello.")})
	s.status("a reader comments", 201, resp, err)
	edited, resp, err := c.Issues.EditComment(ctx, owner, repo, made.GetID(), &gogithub.IssueComment{Body: gogithub.String("Edited.")})
	s.status("edit", 200, resp, err)
	if edited.GetBody() != "Edited." {
		s.Errorf("edited: %v", edited)
	}
	_, resp, err = c.Issues.EditComment(ctx, owner, repo, 4242, &gogithub.IssueComment{Body: gogithub.String("Edited.")})
	s.status("edit missing", 404, resp, err)
	for name, since := range map[string]time.Duration{"past": -time.Hour, "future": time.Hour} {
		at := time.Now().Add(since).UTC()
		list, resp, err := c.Issues.ListComments(ctx, owner, repo, 1, &gogithub.IssueListCommentsOptions{Since: &at})
		s.status("list since the "+name, 200, resp, err)
		if (len(list) == 1) != (since < 0) {
			s.Errorf("since the %s: %v", name, list)
		}
	}
}

func reviewRoutes(s *sweep) {
	ctx := s.Context()
	review := func(token, event string) (*gogithub.Response, error) {
		_, resp, err := s.as(token).PullRequests.CreateReview(ctx, owner, repo, 1, &gogithub.PullRequestReviewRequest{Event: &event, Body: gogithub.String("x")})
		return resp, err
	}
	resp, err := review("alice-token", "APPROVE")
	s.status("approve", 200, resp, err)
	resp, err = review(forgetest.Token, "APPROVE")
	s.status("approve one's own", 422, resp, err)
	list, resp, err := s.client.PullRequests.ListReviews(ctx, owner, repo, 1, nil)
	s.status("list", 200, resp, err)
	if len(list) != 1 || list[0].GetState() != "APPROVED" || list[0].GetUser().GetLogin() != "alice" {
		s.Errorf("reviews: %v", list)
	}
	_, resp, err = s.client.PullRequests.ListReviews(ctx, owner, repo, 9, nil)
	s.status("list of nothing", 404, resp, err)
}

func checkRoutes(s *sweep) {
	ctx, c := s.Context(), s.client
	for name, state := range map[string]forge.Checks{"unit": forge.ChecksSuccess, "lint": forge.ChecksPending} {
		if err := s.repo.CheckRun(s.head, name, state); err != nil {
			s.Fatal(err)
		}
	}
	runs, resp, err := c.Checks.ListCheckRunsForRef(ctx, owner, repo, s.head, nil)
	s.status("list", 200, resp, err)
	if runs.GetTotal() != 2 {
		s.Errorf("check runs: %v", runs)
	}
	_, resp, err = c.Checks.ListCheckRunsForRef(ctx, owner, repo, forty, nil)
	s.status("list of nothing", 422, resp, err)
	state := func(want string) {
		s.Helper()
		pr, resp, err := c.PullRequests.Get(ctx, owner, repo, 1)
		s.status("get", 200, resp, err)
		if pr.GetMergeableState() != want {
			s.Errorf("mergeable_state %q, want %q", pr.GetMergeableState(), want)
		}
	}
	state("unstable")
	s.repo.Protect("main", forgetest.Protection{Checks: []string{"lint"}, Approvals: 1})
	state("blocked")
	_, resp, err = c.PullRequests.Merge(ctx, owner, repo, 1, "", nil)
	s.status("merge against the rules", 405, resp, err)
	if err := s.repo.CheckRun(s.head, "lint", forge.ChecksSuccess); err != nil {
		s.Fatal(err)
	}
	state("blocked")
	if err := s.repo.As("alice").Review(1, forgetest.Approved); err != nil {
		s.Fatal(err)
	}
	state("clean")
}

func permissionRoutes(s *sweep) {
	ctx := s.Context()
	for login, want := range map[string]string{"olga": "admin", "alice": "write", "mallory": "read"} {
		level, resp, err := s.client.Repositories.GetPermissionLevel(ctx, owner, repo, login)
		s.status("permission of "+login, 200, resp, err)
		if level.GetPermission() != want {
			s.Errorf("%s has %q, want %q", login, level.GetPermission(), want)
		}
	}
	_, resp, err := s.client.Repositories.GetPermissionLevel(ctx, owner, repo, "nobody")
	s.status("permission of nobody", 404, resp, err)
	_, resp, err = s.as("mallory-token").Repositories.GetPermissionLevel(ctx, owner, repo, "alice")
	s.status("a reader asks", 403, resp, err)
}

// conditionalRoutes asks again for what hasn't changed, and then has.
func conditionalRoutes(s *sweep) {
	tag := ""
	get := func(name string, want int) http.Header {
		s.Helper()
		req, err := s.client.NewRequest(http.MethodGet, "repos/"+owner+"/"+repo+"/pulls", nil)
		if err != nil {
			s.Fatal(err)
		}
		req.Header.Set("If-None-Match", tag)
		resp, err := s.client.Client().Do(req.WithContext(s.Context()))
		if err != nil {
			s.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			s.Errorf("%s: status %d, want %d", name, resp.StatusCode, want)
		}
		return resp.Header
	}
	first := get("first", 200)
	tag = first.Get("Etag")
	again := get("again", 304)
	if left := first.Get("X-Ratelimit-Remaining"); left == "" || again.Get("X-Ratelimit-Remaining") != left {
		s.Errorf("of the limit there was left %q, and then %q", left, again.Get("X-Ratelimit-Remaining"))
	}
	if err := s.repo.As("alice").EditBody(1, "Well."); err != nil {
		s.Fatal(err)
	}
	get("after an edit", 200)
}
