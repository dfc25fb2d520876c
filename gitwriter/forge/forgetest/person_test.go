package forgetest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/secret"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What people do is told to webhooks, of issues and pull requests alike.
func TestPeopleAreTold(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	all := newReceiver(t, 0)
	talk := newReceiver(t, 0)
	repo := newRepo(t, server)
	commit(t, repo, "topic", "app.yaml", "image: web:1.1.0\n")
	pr := propose(t, server, "topic")
	server.AddWebhook(forgetest.Webhook{URL: all.url, Secret: secret.New(hookSecret)})
	server.AddWebhook(forgetest.Webhook{URL: talk.url, Secret: secret.New(hookSecret), Events: []string{"issue_comment"}})
	alice, stranger := repo.As("alice"), repo.As("eve")
	issue := alice.OpenIssue("Dashboard", "- [ ] web", "towline")
	id, err := stranger.Comment(pr.Number, "/towline rebase")
	must(t, err, stranger.EditComment(id, "/towline hold"), alice.EditBody(issue, "- [x] web"), alice.SetMilestone(pr.Number, "May"),
		alice.AddLabel(pr.Number, "urgent"), alice.RemoveLabel(pr.Number, "urgent"), alice.Review(pr.Number, forgetest.Approved),
		alice.Close(issue), alice.Reopen(issue), alice.Close(pr.Number), alice.Reopen(pr.Number))
	sha, err := alice.Merge(pr.Number, forgetest.MergeSquash)
	must(t, err)
	want := []string{
		"ping", "issues opened", "issue_comment created", "issue_comment edited", "issues edited", "pull_request milestoned",
		"pull_request labeled", "pull_request unlabeled", "pull_request_review submitted", "issues closed", "issues reopened",
		"pull_request closed", "pull_request reopened", "pull_request closed", "push",
	}
	if diff := cmp.Diff(want, all.got(server)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ping", "issue_comment created", "issue_comment edited"}, talk.got(server)); diff != "" {
		t.Errorf("events of comments (-want +got):\n%s", diff)
	}
	last := talk.bodies[len(talk.bodies)-1]
	comment, _ := last["comment"].(map[string]any)
	about, _ := last["issue"].(map[string]any)
	if comment["body"] != "/towline hold" || about["number"] != float64(pr.Number) || about["pull_request"] == nil {
		t.Errorf("the last comment is told as %v, about %v", comment["body"], about["number"])
	}
	got := repo.PullRequests()[0]
	if got.State != forge.StateMerged || got.MergeSHA != sha || got.Milestone != "May" || repo.Issues()[0].Body != "- [x] web" {
		t.Errorf("afterwards: %+v, and %+v", got, repo.Issues())
	}
}

func TestPeopleAreRefused(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	commit(t, repo, "topic", "app.yaml", "image: web:1.1.0\n")
	pr := propose(t, server, "topic")
	issue := repo.As("alice").OpenIssue("Dashboard", "")
	bot, alice := repo.As("towline-bot"), repo.As("alice")
	for name, err := range map[string]error{
		"approving one's own": bot.Review(pr.Number, forgetest.Approved),
		"reviewing an issue":  alice.Review(issue, forgetest.Approved),
		"nothing":             alice.Close(99),
		"no comment":          alice.EditComment(99, "x"),
		"no such commit":      repo.CheckRun(strings.Repeat("0123", 10), "unit", forge.ChecksSuccess),
		"no such check":       repo.CheckRun(pr.HeadSHA, "unit", forge.ChecksNone),
	} {
		if err == nil {
			t.Errorf("%s isn't refused", name)
		}
	}
	_, mergeErr := alice.Merge(issue, forgetest.MergeCommit)
	must(t, repo.DeleteBranch("topic"))
	if err := alice.Reopen(pr.Number); err == nil || mergeErr == nil {
		t.Errorf("reopening without a branch gave %v, merging an issue %v", err, mergeErr)
	}
}

// GraphQL's refusals have status 200, and say what was wrong.
func TestGraphQL(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	repo.SetPrivate(true)
	for _, test := range []struct{ name, token, query, want string }{
		{"a question", forgetest.Token, `query Q { repository(owner: $o, name: $n) { nameWithOwner autoMergeAllowed } }`, `{"data":{"repository":{"autoMergeAllowed":false,"nameWithOwner":"acme/deploy"}}}`},
		{"an unknown field", forgetest.Token, `query { repository(owner: $o, name: $n) { stars } }`, "Field 'stars' doesn't exist"},
		{"an unknown root", forgetest.Token, `mutation { deleteAll { id } }`, "Field 'deleteAll' doesn't exist on type 'Mutation'"},
		{"no such number", forgetest.Token, `query { repository(owner: $o, name: $n) { pullRequest(number: 7) { id } } }`, `"type":"NOT_FOUND"`},
		{"no such name", forgetest.Token, `query { repository(owner: $n, name: $n) { id } }`, `"type":"NOT_FOUND"`},
		{"no such node", forgetest.Token, `mutation { enablePullRequestAutoMerge(input: $input) { clientMutationId } }`, `"type":"NOT_FOUND"`},
		{"no GraphQL", forgetest.Token, `repository { id }`, "Parse error"},
		{"broken off", forgetest.Token, `query { repository(owner: $o`, "Parse error"},
		{"a literal", forgetest.Token, `query { repository(owner: "acme") { id } }`, "Parse error"},
		{"a reader", "mallory-token", `query { repository(owner: $o, name: $n) { nameWithOwner } }`, "acme/deploy"},
		{"nobody", "", `query { repository(owner: $o, name: $n) { id } }`, "authenticated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body, err := json.Marshal(map[string]any{"query": test.query, "variables": map[string]any{"o": "acme", "n": "deploy", "input": map[string]any{"pullRequestId": "PR_0"}}})
			must(t, err)
			for _, path := range []string{"/graphql", "/api/graphql"} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.BaseURL()+path, bytes.NewReader(body))
				must(t, err)
				if test.token != "" {
					req.Header.Set("Authorization", "bearer "+test.token)
				}
				resp, err := http.DefaultTransport.RoundTrip(req)
				must(t, err)
				got, err := io.ReadAll(resp.Body)
				must(t, err, resp.Body.Close())
				if !strings.Contains(string(got), test.want) || (resp.StatusCode == http.StatusOK) != (test.token != "") {
					t.Errorf("%s answers %d %s, want %s", path, resp.StatusCode, got, test.want)
				}
			}
		})
	}
}
