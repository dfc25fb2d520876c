package forge_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

// person is somebody whom Gitea knows.
type person struct{ login, token string }

func newPerson(t *testing.T, server *testbed.GiteaServer) person {
	t.Helper()
	login, token := newUser(t, server)
	return person{login, token}
}

// addReviews completes a harness by what is about checks, reviews and merges.
func (g onGitea) addReviews(h *forgetest.Harness, server *testbed.GiteaServer, colleague, stranger person) {
	h.Owner, h.Stranger = server.User, stranger.login
	h.Write = g.write
	h.Check = func(t *testing.T, sha, name string, state forge.Checks) {
		t.Helper()
		_, _, err := g.CreateStatus(g.repo.Owner, g.repo.Name, sha, sdk.CreateStatusOption{Context: name, State: sdk.StatusState(state)})
		check(t, err)
	}
	h.Review = func(t *testing.T, number int, approve bool) {
		t.Helper()
		g.review(t, server, colleague.token, number, approve)
	}
	h.Protect = func(t *testing.T, name string) {
		t.Helper()
		g.protect(t, sdk.CreateBranchProtectionOption{EnableStatusCheck: true, StatusCheckContexts: []string{name}})
	}
	h.EditComment = func(t *testing.T, _ int, id int64, body string) {
		t.Helper()
		_, _, err := g.EditIssueComment(g.repo.Owner, g.repo.Name, id, sdk.EditIssueCommentOption{Body: body})
		check(t, err)
	}
	h.Milestone = func(t *testing.T, title string) {
		t.Helper()
		_, _, err := g.CreateMilestone(g.repo.Owner, g.repo.Name, sdk.CreateMilestoneOption{Title: title})
		check(t, err)
	}
	h.Fetch = func(t *testing.T, address string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		check(t, err)
		req.SetBasicAuth(server.User, server.Token)
		resp, err := http.DefaultTransport.RoundTrip(req)
		check(t, err)
		check(t, resp.Body.Close())
		return resp.StatusCode
	}
}

// write puts a file on a branch, which is made off main where it is missing.
func (g onGitea) write(t *testing.T, branch, file, content string) string {
	t.Helper()
	options := sdk.UpdateFileOptions{Content: base64.StdEncoding.EncodeToString([]byte(content))}
	options.BranchName, options.Message = branch, "Write "+file
	if _, _, err := g.GetRepoBranch(g.repo.Owner, g.repo.Name, branch); err != nil {
		options.BranchName, options.NewBranchName = "main", branch
	} else if old, _, err := g.GetContents(g.repo.Owner, g.repo.Name, branch, file); err == nil {
		options.SHA = old.SHA
		answer, _, err := g.UpdateFile(g.repo.Owner, g.repo.Name, file, options)
		check(t, err)
		return answer.Commit.SHA
	}
	answer, _, err := g.CreateFile(g.repo.Owner, g.repo.Name, file, sdk.CreateFileOptions{FileOptions: options.FileOptions, Content: options.Content})
	check(t, err)
	return answer.Commit.SHA
}

func (g onGitea) protect(t *testing.T, option sdk.CreateBranchProtectionOption) {
	t.Helper()
	option.RuleName = "main"
	_, _, err := g.CreateBranchProtection(g.repo.Owner, g.repo.Name, option)
	check(t, err)
}

func (g onGitea) review(t *testing.T, server *testbed.GiteaServer, token string, number int, approve bool) {
	t.Helper()
	client, err := sdk.NewClient(server.URL, sdk.SetToken(token))
	check(t, err)
	state := sdk.ReviewStateRequestChanges
	if approve {
		state = sdk.ReviewStateApproved
	}
	_, _, err = client.CreatePullReview(g.repo.Owner, g.repo.Name, int64(number), sdk.CreatePullReviewOptions{State: state, Body: "My word."})
	check(t, err)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
