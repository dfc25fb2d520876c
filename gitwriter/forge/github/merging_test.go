package github_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

// A merge that took effect is no failure, whatever becomes of the question after it.
func TestMergeIsToldInSpiteOfWhatFollows(t *testing.T) {
	server, repo, f := start(t)
	pr, err := f.Create(t.Context(), newPull())
	if err != nil {
		t.Fatal(err)
	}
	server.Inject(forgetest.Fault{Route: "GET " + onePull, Status: 500})
	got, err := f.Merge(t.Context(), pr.Number, forge.MergeRequest{Method: forge.MergeSquash, SHA: pr.HeadSHA, Title: "Title", Message: "Message"})
	if err != nil || got.State != forge.StateMerged || got.MergeSHA != repo.Head("main") || got.Number != pr.Number {
		t.Errorf("Merge gave %+v, %v", got, err)
	}
}

func TestMergeNeedsACommit(t *testing.T) {
	server, _, f := start(t)
	if _, err := f.Merge(t.Context(), 1, forge.MergeRequest{Method: forge.MergeCommit}); !errors.Is(err, forge.ErrInvalid) {
		t.Errorf("Merge gave %v, want ErrInvalid", err)
	}
	if got := len(server.Requests()); got != 0 {
		t.Errorf("%d requests, want none", got)
	}
}

// GraphQL stands beside the REST API, and its errors have status 200.
func TestAutomergeReadsGraphQL(t *testing.T) {
	standing := func(fields string) string {
		return `{"data":{"repository":{"autoMergeAllowed":true,"pullRequest":{"id":"PR_1","state":"OPEN","headRefOid":"abc",` + fields + `}}}}`
	}
	blocked := standing(`"mergeStateStatus":"BLOCKED"`)
	failure := func(fields string) string { return `{"data":{"x":null},"errors":[{` + fields + `}]}` }
	for _, test := range []struct {
		name          string
		first, second string // answers; a second "" isn't asked for
		want          error
	}{
		{"done", blocked, `{"data":{"enablePullRequestAutoMerge":{"clientMutationId":null}}}`, nil},
		{"done before", standing(`"mergeStateStatus":"BLOCKED","autoMergeRequest":{"mergeMethod":"MERGE"}`), "", nil},
		{"forbidden by settings", strings.Replace(blocked, "true", "false", 1), "", forge.ErrUnsupported},
		{"clean", standing(`"mergeStateStatus":"CLEAN"`), "", forge.ErrNotReady},
		{"unstable", standing(`"mergeStateStatus":"UNSTABLE"`), "", forge.ErrNotReady},
		{"dirty", standing(`"mergeStateStatus":"DIRTY"`), "", forge.ErrNotReady},
		{"another head", strings.Replace(blocked, "abc", "def", 1), "", forge.ErrNotReady},
		{"closed", strings.Replace(blocked, "OPEN", "CLOSED", 1), "", forge.ErrNotReady},
		{"clean meanwhile", standing(`"mergeStateStatus":"UNKNOWN"`), failure(`"type":"UNPROCESSABLE","message":"Pull request Pull request is in clean status"`), forge.ErrNotReady},
		{"not allowed", blocked, failure(`"type":"FORBIDDEN","message":"Resource not accessible by integration"`), forge.ErrForbidden},
		{"a scope is missing", failure(`"type":"INSUFFICIENT_SCOPES","message":"Your token has not been granted the required scopes"`), "", forge.ErrForbidden},
		{"not there", failure(`"type":"NOT_FOUND","message":"Could not resolve to a PullRequest"`), "", forge.ErrNotFound},
		{"a server too old", failure(`"message":"Field 'mergeStateStatus' doesn't exist","extensions":{"code":"undefinedField"}`), "", forge.ErrUnsupported},
		{"another error", failure(`"message":"Something went wrong"`), "", forge.ErrInvalid},
		{"out of order", failure(`"type":"INTERNAL","message":"Something went wrong"`), "", forge.ErrUnavailable},
	} {
		for _, prefix := range []string{"", "/api/v3"} {
			t.Run(test.name+prefix, func(t *testing.T) {
				left := []string{test.first, test.second}
				f := fakeAt(t, prefix, func(w http.ResponseWriter, r *http.Request) {
					if want := strings.TrimSuffix(prefix, "/v3") + "/graphql"; r.URL.Path != want || r.Method != http.MethodPost || left[0] == "" {
						t.Errorf("an unexpected %s %s; GraphQL is at %s", r.Method, r.URL.Path, want)
					}
					_, _ = io.WriteString(w, left[0])
					left = append(left[1:], "")
				})
				err := f.Automerge(t.Context(), 1, forge.MergeRequest{Method: forge.MergeSquash, SHA: "abc"})
				if !errors.Is(err, test.want) {
					t.Errorf("Automerge gave %v, want %v", err, test.want)
				}
				if left[0] != "" {
					t.Error("the second question wasn't asked")
				}
			})
		}
	}
}

func TestCancelAutomergeReadsGraphQL(t *testing.T) {
	standing := func(wish string) string {
		return `{"data":{"repository":{"autoMergeAllowed":true,"pullRequest":{"id":"PR_1","state":"OPEN","headRefOid":"abc","mergeStateStatus":"BLOCKED","autoMergeRequest":` + wish + `}}}}`
	}
	asked := standing(`{"mergeMethod":"MERGE"}`)
	for _, test := range []struct {
		name          string
		first, second string // answers; a second "" isn't asked for
		want          error
	}{
		{"done", asked, `{"data":{"disablePullRequestAutoMerge":{"clientMutationId":null}}}`, nil},
		{"nobody asked", standing("null"), "", nil},
		{"not allowed", asked, `{"data":{"x":null},"errors":[{"type":"FORBIDDEN","message":"Resource not accessible by integration"}]}`, forge.ErrForbidden},
		{"not there", `{"errors":[{"type":"NOT_FOUND","message":"Could not resolve to a PullRequest"}]}`, "", forge.ErrNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			left := []string{test.first, test.second}
			f := fakeAt(t, "", func(w http.ResponseWriter, _ *http.Request) {
				if left[0] == "" {
					t.Error("a question too many")
				}
				_, _ = io.WriteString(w, left[0])
				left = append(left[1:], "")
			})
			if err := f.CancelAutomerge(t.Context(), 1); !errors.Is(err, test.want) {
				t.Errorf("CancelAutomerge gave %v, want %v", err, test.want)
			}
			if left[0] != "" {
				t.Error("the second question wasn't asked")
			}
		})
	}
}

func TestGraphQLLimit(t *testing.T) {
	f := fakeAt(t, "", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`)
	})
	var limited *forge.RateLimitError
	if err := f.Automerge(t.Context(), 1, forge.MergeRequest{SHA: "abc"}); !errors.As(err, &limited) {
		t.Errorf("Automerge gave %v, want a limit", err)
	}
}

func TestLinks(t *testing.T) {
	for _, test := range []struct{ name, api, pages string }{
		{"github.com", "", "https://github.com"},
		{"Enterprise Server", "https://ghe.example.com/api/v3", "https://ghe.example.com"},
		{"Enterprise Server on a port", "https://api.example.com:8443/api/v3/", "https://api.example.com:8443"},
		{"Enterprise Cloud", "https://api.acme.ghe.com", "https://acme.ghe.com"},
	} {
		f := connect(t, github.Config{BaseURL: test.api, Token: secret.New(topSecret)})
		l := f.Links()
		repo := test.pages + "/acme/deploy"
		for want, got := range map[string]string{
			repo + "/blob/abc/apps/web/a%20b%23c%3F.yaml#L7": l.File("abc", "apps/web/a b#c?.yaml", 7),
			repo + "/blob/abc/README.md":                     l.File("abc", "README.md", 0),
			repo + "/compare/main...towline/web":             l.Compare("main", "towline/web"),
			repo + "/commit/abc":                             l.Commit("abc"),
			repo + "/pull/12":                                l.PullRequest(12),
		} {
			if got != want {
				t.Errorf("%s: %s, want %s", test.name, got, want)
			}
		}
	}
}
