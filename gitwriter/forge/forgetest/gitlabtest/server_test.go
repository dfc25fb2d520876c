package gitlabtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/gitlabtest"
)

// site is a server with the project acme/team/deploy and a branch to propose.
type site struct {
	*testing.T
	server *gitlabtest.Server
	sha    string // the branch's
}

func newSite(t *testing.T) site {
	t.Helper()
	s := site{T: t, server: gitlabtest.Start(t, gitlabtest.Config{})}
	p, err := s.server.CreateProject("acme/team/deploy")
	if err != nil {
		t.Fatal(err)
	}
	p.CreateMilestone("May")
	for _, branch := range []string{"main", "topic"} {
		if s.sha, err = p.Commit(forgetest.Commit{Branch: branch, Message: "Add " + branch, Files: map[string]string{branch: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// reply is what a call was answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// call calls the API below /projects/acme%2Fteam%2Fdeploy, or where a path begins with
// a slash below /api/v4.
func (s site) call(token, method, path, body string) reply {
	s.Helper()
	address := s.server.URL() + "/api/v4" + path
	if !strings.HasPrefix(path, "/") {
		address = strings.TrimSuffix(s.server.URL()+"/api/v4/projects/acme%2Fteam%2Fdeploy/"+path, "/")
	}
	req, err := http.NewRequestWithContext(s.Context(), method, address, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("PRIVATE-TOKEN", token)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(data)}
}

// Every answer has the fields that GitLab documents, of the types that it documents,
// and no others.
func TestAnswersAreDocumented(t *testing.T) {
	s, shapes := newSite(t), documented(t)
	const merge = "merge_requests/1"
	for _, line := range []struct {
		method, path, body string
		status             int
		shape              string
	}{
		{"GET", "", "", 200, "project"},
		{"GET", "/users?username=alice", "", 200, "[]user"},
		{"GET", "members/all?query=ali", "", 200, "[]member"},
		{"GET", "milestones", "", 200, "[]milestone"},
		{"GET", "repository/compare?from=main&to=topic", "", 200, "comparison"},
		{"POST", "merge_requests", `{"source_branch":"topic","target_branch":"main","title":"Draft: Topic","description":"Text","labels":"a,b"}`, 201, "merge request in full"},
		{"PUT", merge, `{"title":"Topic","reviewer_ids":[2],"assignee_ids":[2],"milestone_id":6}`, 200, "merge request in full"},
		{"GET", merge + "/reviewers", "", 200, "[]reviewer"},
		{"POST", merge + "/notes", `{"body":"Hello."}`, 201, "note"},
		{"GET", merge + "/notes?order_by=updated_at", "", 200, "[]note"},
		{"POST", "statuses/" + s.sha, `{"state":"success","name":"unit","target_url":"http://localhost","description":"fine"}`, 201, "status"},
		{"GET", "repository/commits/" + s.sha + "/statuses", "", 200, "[]status"},
		{"PUT", merge, `{"state_event":"close"}`, 200, "merge request in full"},
		{"PUT", merge, `{"state_event":"reopen"}`, 200, "merge request in full"},
		{"GET", merge, "", 200, "merge request in full"},
		{"PUT", merge + "/merge", `{"squash":true}`, 200, "merge request in full"},
		{"GET", "merge_requests?state=merged", "", 200, "[]merge request"},
		{"POST", "issues", `{"title":"Dashboard","description":"x","labels":"towline"}`, 201, "issue"},
		{"PUT", "issues/1", `{"state_event":"close"}`, 200, "issue"},
		{"GET", "issues/1", "", 200, "issue"},
		{"GET", "issues?state=closed&labels=towline", "", 200, "[]issue"},
	} {
		got := s.call(gitlabtest.Token, line.method, line.path, line.body)
		var value any
		if err := json.Unmarshal([]byte(got.body), &value); err != nil || got.status != line.status {
			t.Fatalf("%s %s: status %d, %v: %s", line.method, line.path, got.status, err, got.body)
		}
		if list, ok := value.([]any); ok && len(list) == 0 {
			t.Errorf("%s %s: the list is empty, so that it shows nothing", line.method, line.path)
		}
		for _, fault := range shapes.check("", value, line.shape) {
			t.Errorf("%s %s: %s", line.method, line.path, fault)
		}
	}
}

// Refusals have GitLab's status and words.
func TestRefusals(t *testing.T) {
	s := newSite(t)
	const merge = "merge_requests/1"
	s.call(gitlabtest.Token, "POST", "merge_requests", `{"source_branch":"topic","target_branch":"main","title":"Topic"}`)
	for _, line := range []struct {
		token, method, path, body string
		status                    int
		want                      string
	}{
		{"unknown", "GET", "", "", 401, `{"message":"401 Unauthorized"}`},
		{"mallory-token", "POST", "merge_requests", `{}`, 403, `{"message":"403 Forbidden"}`},
		{gitlabtest.Token, "GET", "/projects/acme%2Fdeploy", "", 404, `{"message":"404 Project Not Found"}`},
		{gitlabtest.Token, "GET", "merge_requests/2", "", 404, `{"message":"404 Not found"}`},
		{gitlabtest.Token, "GET", "/nowhere", "", 404, `{"error":"404 Not Found"}`},
		{gitlabtest.Token, "GET", "repository/compare?from=main&to=none", "", 404, `{"message":"404 Ref Not Found"}`},
		{gitlabtest.Token, "POST", "statuses/" + strings.Repeat("1", 40), `{"state":"success"}`, 404, `{"message":"404 Commit Not Found"}`},
		{gitlabtest.Token, "POST", "merge_requests", `{"source_branch":"topic","target_branch":"main"}`, 400, `{"error":"title is missing"}`},
		{gitlabtest.Token, "POST", "merge_requests", `{"source_branch":"topic","target_branch":"main","title":"x"}`, 409, `{"message":["Another open merge request already exists for this source branch: !1"]}`},
		{gitlabtest.Token, "PUT", merge + "/merge", `{"sha":"1"}`, 409, `{"message":"SHA does not match HEAD of source branch: ` + s.sha + `"}`},
		{gitlabtest.Token, "PUT", merge + "/merge", `{"auto_merge":true}`, 405, `{"message":"405 Method Not Allowed"}`},
		{"mallory-token", "PUT", merge + "/merge", `{}`, 401, `{"message":"401 Unauthorized"}`},
	} {
		got := s.call(line.token, line.method, line.path, line.body)
		if got.status != line.status || got.body != line.want {
			t.Errorf("%s %s: %d %s, want %d %s", line.method, line.path, got.status, got.body, line.status, line.want)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t)
	s.server.SetRateLimit(1, time.Now().Add(time.Minute))
	got := s.call(gitlabtest.Token, "GET", "members/all?per_page=2", "")
	want := map[string]string{
		"X-Page": "1", "X-Next-Page": "2", "X-Prev-Page": "", "X-Per-Page": "2", "X-Total": "4", "X-Total-Pages": "2",
		"Ratelimit-Limit": "2000", "Ratelimit-Remaining": "0",
	}
	headers := map[string]string{}
	for name := range want {
		headers[name] = got.header.Get(name)
	}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if link := got.header.Get("Link"); !strings.Contains(link, `/members/all?page=2&per_page=2>; rel="next"`) {
		t.Errorf("Link %q", link)
	}
	got = s.call(gitlabtest.Token, "GET", "members/all", "")
	if got.status != http.StatusTooManyRequests || got.body != "Retry later\n" || got.header.Get("Retry-After") == "" {
		t.Errorf("beyond the limit: %d %q, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
}
