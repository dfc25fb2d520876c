package gitlab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/gitlabtest"
	"github.com/towline-dev/towline/gitwriter/forge/gitlab"
	"github.com/towline-dev/towline/internal/secret"
)

// GitLab would carry out what stands on a line of its own after a slash; a text from
// outside must not merge or close anything, and comes back as it was.
func TestTextsGiveNoOrders(t *testing.T) {
	_, p, f, _ := open(t, gitlabtest.Settings{})
	const body = "## Notes\n\n/close\n/merge\n  /label ~x\n```\n/approve\n```\n/towline hold 7d\n"
	change := forge.Change{Body: ptr(body)}
	pr, err := f.Update(t.Context(), 1, change)
	if err != nil || pr.Body != body || pr.State != forge.StateOpen {
		t.Errorf("Update gave body %q, state %s, %v", pr.Body, pr.State, err)
	}
	if kept := p.Description(1); !strings.Contains(kept, "\n\\/close\n") {
		t.Errorf("the server keeps %q", kept)
	}
	if again, err := f.Update(t.Context(), 1, forge.Change{Body: &pr.Body}); err != nil || again.Body != body {
		t.Errorf("writing back what was read gave %q, %v", again.Body, err)
	}
	if err := f.Comment(t.Context(), 1, "/close"); err != nil {
		t.Fatal(err)
	}
	issue, err := f.CreateIssue(t.Context(), forge.NewIssue{Title: "Dashboard", Body: body})
	if err != nil || issue.Body != body || issue.State != forge.StateOpen {
		t.Errorf("CreateIssue gave %+v, %v", issue, err)
	}
	list, err := f.List(t.Context(), forge.Filter{State: forge.StateOpen})
	if err != nil || len(list) != 1 {
		t.Errorf("afterwards %d are open, %v", len(list), err)
	}
}

// What can't be put on is said, and doesn't stand in the way of the rest.
func TestDecorateSaysWhatItCouldNot(t *testing.T) {
	for name, test := range map[string]struct {
		settings gitlabtest.Settings
		asked    forge.Decoration
		want     []string // reviewers
		says     string
	}{
		"a team":                    {gitlabtest.Settings{}, forge.Decoration{Reviewers: []string{"acme/ops", "alice"}}, []string{"alice"}, "is a team, and GitLab asks people alone"},
		"two, where one is allowed": {gitlabtest.Settings{OneReviewer: true}, forge.Decoration{Reviewers: []string{"alice", "olga"}}, []string{"alice"}, "GitLab took 1 of 2 people"},
		"nobody of the name":        {gitlabtest.Settings{}, forge.Decoration{Reviewers: []string{"nobody"}}, nil, `there is nobody named "nobody"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, p, f, _ := open(t, test.settings)
			test.asked.Labels = []string{"kept"}
			pr, err := f.Decorate(t.Context(), 1, test.asked)
			if !errors.Is(err, forge.ErrInvalid) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Decorate gave %v, want it to say %q", err, test.says)
			}
			reviewers, _ := p.People(1)
			if diff := cmp.Diff(test.want, reviewers); diff != "" || len(pr.Labels) != 1 {
				t.Errorf("labels %q, reviewers (-want +got):\n%s", pr.Labels, diff)
			}
		})
	}
}

// A project that makes merge commits takes titles and messages, and can't rebase.
func TestMergeCommits(t *testing.T) {
	for method, want := range map[forge.MergeMethod]error{forge.MergeCommit: nil, forge.MergeSquash: nil, forge.MergeRebase: forge.ErrUnsupported} {
		t.Run(string(method), func(t *testing.T) {
			_, _, f, pr := open(t, gitlabtest.Settings{})
			got, err := f.Merge(t.Context(), 1, forge.MergeRequest{Method: method, SHA: pr.HeadSHA, Title: "Title", Message: "Message"})
			if !errors.Is(err, want) || err == nil && (got.State != forge.StateMerged || got.MergeSHA == pr.HeadSHA || got.MergeSHA == "") {
				t.Errorf("Merge gave %+v, %v; want %v", got, err, want)
			}
		})
	}
}

// GitLab answers 401 to who may not merge; that is no bad credential.
func TestMergeWithoutPermission(t *testing.T) {
	server, _, _, pr := open(t, gitlabtest.Settings{})
	ask := forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA}
	for token, want := range map[string]error{"mallory-token": forge.ErrForbidden, "unknown": forge.ErrUnauthorized} {
		if _, err := as(t, server, token).Merge(t.Context(), 1, ask); !errors.Is(err, want) {
			t.Errorf("Merge by %s gave %v, want %v", token, err, want)
		}
	}
}

func TestReadinessTellsTheReason(t *testing.T) {
	_, p, f, pr := open(t, gitlabtest.Settings{Approvals: 1, FastForward: true})
	want := func(reason string) {
		t.Helper()
		r, err := f.Readiness(t.Context(), 1)
		if err != nil || r.Reason != reason || r.Mergeable != (reason == "") {
			t.Errorf("Readiness gave %+v, %v; want the reason %q", r, err, reason)
		}
	}
	want("required approvals are missing")
	ask := forge.MergeRequest{Method: forge.MergeCommit, SHA: pr.HeadSHA}
	if err := f.Automerge(t.Context(), 1, ask); !errors.Is(err, forge.ErrNotReady) {
		t.Errorf("Automerge without a pipeline gave %v, want ErrNotReady", err)
	}
	if err := p.Review(1, "alice", true); err != nil {
		t.Fatal(err)
	}
	want("")
	commit(t, p, "main", "another.txt")
	want("it has to be rebased")
	if _, err := f.Merge(t.Context(), 1, ask); !errors.Is(err, forge.ErrNotReady) {
		t.Errorf("Merge gave %v, want ErrNotReady", err)
	}
}

// The reconciler says "pending" again and again; GitLab refuses the second time.
func TestPendingTwice(t *testing.T) {
	_, p, f := start(t, gitlabtest.Settings{})
	sha := commit(t, p, "main", "more.txt")
	for _, state := range []forge.StatusState{forge.StatusPending, forge.StatusPending, forge.StatusSuccess, forge.StatusSuccess, forge.StatusPending, forge.StatusFailure} {
		if err := f.SetStatus(t.Context(), sha, forge.Status{Context: "towline/shop", State: state, Description: "x"}); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
	if got := p.Statuses(sha)["towline/shop"].State; got != forge.StatusFailure {
		t.Errorf("it is %s in the end", got)
	}
}

func fake(t *testing.T, handler http.HandlerFunc) *gitlab.Forge {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return connect(t, gitlab.Config{URL: server.URL, Token: secret.New(topSecret)})
}

func TestForksAreLeftOut(t *testing.T) {
	f := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode([]map[string]any{
			{"iid": 1, "state": "opened", "source_project_id": 7, "target_project_id": 7},
			{"iid": 2, "state": "opened", "source_project_id": 8, "target_project_id": 7},
			{"iid": 3, "state": "opened", "source_project_id": nil, "target_project_id": 7},
		})
	})
	list, err := f.List(t.Context(), forge.Filter{})
	if err != nil || len(list) != 1 || list[0].Number != 1 {
		t.Errorf("List gave %+v, %v; want number 1 alone", list, err)
	}
}

func TestEndlessPagingIsAnError(t *testing.T) {
	f := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Next-Page", "1")
		_, _ = w.Write([]byte("[]"))
	})
	if _, err := f.List(t.Context(), forge.Filter{}); err == nil {
		t.Error("List took a page that follows itself")
	}
}

// GitLab's own remarks, and those on lines, aren't comments; bots are known by name.
func TestCommentsAreOfPeople(t *testing.T) {
	f := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		note := func(id int, author, body string, more map[string]any) map[string]any {
			out := map[string]any{"id": id, "body": body, "author": map[string]any{"username": author}, "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}
			for key, value := range more {
				out[key] = value
			}
			return out
		}
		_ = json.NewEncoder(w).Encode([]map[string]any{
			note(4, "project_7_bot_0a1b", "Merged.", nil),
			note(3, "alice", "On a line", map[string]any{"type": "DiffNote"}),
			note(2, "alice", "added 1 commit", map[string]any{"system": true}),
			note(1, "alice", "/towline release", nil),
		})
	})
	list, err := f.Comments(t.Context(), 1, time.Time{})
	if err != nil || len(list) != 2 || list[0].Body != "/towline release" || list[0].Bot || !list[1].Bot {
		t.Errorf("Comments gave %+v, %v", list, err)
	}
}

// The token leaves for the configured host only, and is in no error and no log.
func TestTokenStaysWhereItBelongs(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was called") }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+topSecret || r.URL.EscapedPath() != "/gitlab/api/v4/projects/acme%2Fteam%2Fdeploy/merge_requests" {
			t.Errorf("the server got the authorization %q for %s", r.Header.Get("Authorization"), r.URL.EscapedPath())
		}
		w.Header().Set("Location", other.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	var log bytes.Buffer
	f := connect(t, gitlab.Config{
		URL: server.URL + "/gitlab/", Token: secret.New(topSecret), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	_, err := f.List(t.Context(), forge.Filter{})
	if err == nil || forge.Temporary(err) {
		t.Errorf("List gave %v, want an error for good", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err) + log.String(); strings.Contains(text, topSecret) {
		t.Errorf("the token is in %s", text)
	}
}

func TestTokenSource(t *testing.T) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte("[]"))
	}))
	defer server.Close()
	token, problem := "first", error(nil)
	f := connect(t, gitlab.Config{URL: server.URL, TokenSource: func(context.Context) (secret.String, error) { return secret.New(token), problem }})
	list := func() error { _, err := f.List(t.Context(), forge.Filter{}); return err }
	if err := list(); err != nil {
		t.Fatal(err)
	}
	token = "second"
	if err := list(); err != nil {
		t.Fatal(err)
	}
	problem = errors.New("the file is gone")
	if err := list(); err == nil || !strings.Contains(err.Error(), "the file is gone") {
		t.Errorf("without a token: %v", err)
	}
	if diff := cmp.Diff([]string{"Bearer first", "Bearer second"}, seen); diff != "" {
		t.Errorf("authorization (-want +got):\n%s", diff)
	}
}

func TestLinks(t *testing.T) {
	l := connect(t, gitlab.Config{URL: "https://git.example.com/gitlab/", Token: secret.New(topSecret)}).Links()
	for got, want := range map[string]string{
		l.File("abc", "apps/a b#.yaml", 7): "/blob/abc/apps/a%20b%23.yaml#L7",
		l.File("abc", "x", 0):              "/blob/abc/x",
		l.Compare("v1", "towline/web"):     "/compare/v1...towline/web",
		l.Commit("abc"):                    "/commit/abc",
		l.PullRequest(7):                   "/merge_requests/7",
	} {
		if got != "https://git.example.com/gitlab/acme/team/deploy/-"+want {
			t.Errorf("got %s, want it to end in %s", got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := gitlab.Config{Project: "acme/team/deploy", Token: secret.New(topSecret)}
	for name, change := range map[string]func(*gitlab.Config){
		"no project":            func(c *gitlab.Config) { c.Project = "" },
		"no group":              func(c *gitlab.Config) { c.Project = "deploy" },
		"a way up":              func(c *gitlab.Config) { c.Project = "acme/../user" },
		"an empty group":        func(c *gitlab.Config) { c.Project = "acme//deploy" },
		"no token":              func(c *gitlab.Config) { c.Token = secret.String{} },
		"a password in the URL": func(c *gitlab.Config) { c.URL = "https://me:hunter2@git.example.com" },
		"another scheme":        func(c *gitlab.Config) { c.URL = "ssh://git.example.com" },
	} {
		config := good
		change(&config)
		_, err := gitlab.New(config)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), topSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := gitlab.New(good); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
}

func ptr[T any](value T) *T { return &value }
