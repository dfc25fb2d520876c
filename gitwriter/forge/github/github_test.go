package github_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

const (
	pulls     = "/repos/{owner}/{repo}/pulls"
	topSecret = "ghp_topsecret"
)

// start gives a server with a branch to propose, and an adapter for it.
func start(t *testing.T) (*forgetest.Server, *forgetest.Repo, *github.Forge) {
	t.Helper()
	server := forgetest.Start(t, forgetest.Config{})
	repo, err := server.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	for _, branch := range []string{"main", "towline/web"} {
		if _, err := repo.Commit(forgetest.Commit{Branch: branch, Message: branch, Files: map[string]string{branch + ".txt": "x\n"}}); err != nil {
			t.Fatal(err)
		}
	}
	return server, repo, connect(t, github.Config{BaseURL: server.BaseURL(), Token: secret.New(forgetest.Token)})
}

func connect(t *testing.T, config github.Config) *github.Forge {
	t.Helper()
	config.Owner, config.Repo, config.RetryDelay = "acme", "deploy", time.Nanosecond
	f, err := github.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newPull() forge.NewPullRequest {
	return forge.NewPullRequest{Head: "towline/web", Base: "main", Title: "Update web"}
}

// Whatever the server does to a call, the error says the right thing, and a
// call that isn't safe to repeat is made once.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault forgetest.Fault
		want  error
		pulls int // that exist afterwards
		calls int // of POST
	}{
		{"502 before the effect", forgetest.Fault{Status: 502, Body: "<html>bad gateway</html>"}, forge.ErrUnavailable, 0, 1},
		{"502 after the effect", forgetest.Fault{Status: 502, AfterEffect: true}, forge.ErrUnavailable, 1, 1},
		{"cut off after the effect", forgetest.Fault{Cut: true}, forge.ErrUnavailable, 1, 1},
		{"no answer", forgetest.Fault{Status: 200, Cut: true}, forge.ErrUnavailable, 0, 1},
		{"a page in place of JSON", forgetest.Fault{Status: 201, Body: "<html>log in</html>"}, forge.ErrUnavailable, 0, 1},
		{"an empty success", forgetest.Fault{Status: 201}, forge.ErrUnavailable, 0, 1},
		{"401", forgetest.Fault{Status: 401, Body: `{"message":"Bad credentials"}`}, forge.ErrUnauthorized, 0, 1},
		{"403", forgetest.Fault{Status: 403, Body: `{"message":"Resource not accessible by integration"}`}, forge.ErrForbidden, 0, 1},
		{"404", forgetest.Fault{Status: 404, Body: `{"message":"Not Found"}`}, forge.ErrNotFound, 0, 1},
		{"422 that isn't a duplicate", forgetest.Fault{Status: 422, Body: `{"message":"Validation Failed"}`}, forge.ErrInvalid, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, repo, f := start(t)
			test.fault.Route, test.fault.Times = "POST "+pulls, 1
			server.Inject(test.fault)
			_, err := f.Create(t.Context(), newPull())
			if !errors.Is(err, test.want) {
				t.Errorf("Create gave %v, want %v", err, test.want)
			}
			if got := len(repo.PullRequests()); got != test.pulls {
				t.Errorf("there are %d pull requests, want %d", got, test.pulls)
			}
			var calls int
			for _, line := range server.Requests() {
				if line.Route == "POST "+pulls {
					calls++
				}
			}
			if calls != test.calls {
				t.Errorf("%d calls, want %d", calls, test.calls)
			}
		})
	}
}

func TestReadsSurviveOneFault(t *testing.T) {
	for name, fault := range map[string]forgetest.Fault{"503": {Status: 503}, "cut off": {Cut: true}} {
		t.Run(name, func(t *testing.T) {
			server, _, f := start(t)
			if _, err := f.Create(t.Context(), newPull()); err != nil {
				t.Fatal(err)
			}
			fault.Route, fault.Times = "GET "+pulls, 1
			server.Inject(fault)
			if list, err := f.List(t.Context(), forge.Filter{}); err != nil || len(list) != 1 {
				t.Errorf("List gave %d, %v", len(list), err)
			}
			fault.Times = 2
			server.Inject(fault)
			if _, err := f.List(t.Context(), forge.Filter{}); !errors.Is(err, forge.ErrUnavailable) {
				t.Errorf("List after two faults gave %v, want ErrUnavailable", err)
			}
		})
	}
}

func TestServerOff(t *testing.T) {
	server, _, f := start(t)
	server.SetOff(true)
	if _, err := f.List(t.Context(), forge.Filter{}); !errors.Is(err, forge.ErrUnavailable) || !forge.Temporary(err) {
		t.Errorf("List while off gave %v", err)
	}
	server.SetOff(false)
	if _, err := f.List(t.Context(), forge.Filter{}); err != nil {
		t.Errorf("List afterwards gave %v", err)
	}
}

func TestRateLimits(t *testing.T) {
	t.Run("primary", func(t *testing.T) {
		server, _, f := start(t)
		server.SetRateLimit(0, time.Now().Add(time.Hour))
		for range 2 { // the second is held back
			_, err := f.List(t.Context(), forge.Filter{})
			var limited *forge.RateLimitError
			if !errors.As(err, &limited) || limited.Secondary || limited.RetryAfter < 59*time.Minute || limited.RetryAfter > time.Hour+time.Second {
				t.Errorf("List gave %v, want a primary limit of an hour", err)
			}
		}
		if got := len(server.Requests()); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}
	})
	t.Run("secondary", func(t *testing.T) {
		server, _, f := start(t)
		server.SetSecondaryLimit(1, 70*time.Second)
		_, err := f.Create(t.Context(), newPull())
		var limited *forge.RateLimitError
		if !errors.As(err, &limited) || !limited.Secondary || limited.RetryAfter != 70*time.Second || !forge.Temporary(err) {
			t.Errorf("Create gave %v, want a secondary limit of 70 s", err)
		}
	})
}

// What happens to labels and people doesn't lose the pull request.
func TestCreateReportsWhatItCouldNotAdd(t *testing.T) {
	server, repo, f := start(t)
	server.Inject(forgetest.Fault{Route: "POST /repos/{owner}/{repo}/issues/{number}/labels", Status: 403, Body: `{"message":"no labels for you"}`})
	pr := newPull()
	pr.Labels, pr.Reviewers, pr.Assignees = []string{"a"}, []string{"alice", "acme/ops"}, []string{"alice"}
	got, err := f.Create(t.Context(), pr)
	if !errors.Is(err, forge.ErrForbidden) || got.Number != 1 {
		t.Errorf("Create gave number %d and %v, want 1 and ErrForbidden", got.Number, err)
	}
	reviewers, assignees := repo.People(1)
	if fmt.Sprint(reviewers, assignees) != "[alice acme/ops] [alice]" {
		t.Errorf("reviewers %v, assignees %v", reviewers, assignees)
	}
}

// fake serves one list of pull requests as the test wants it.
func fake(t *testing.T, handler http.HandlerFunc) *github.Forge {
	t.Helper()
	return fakeAt(t, "", handler)
}

// fakeAt is a fake whose API has a path.
func fakeAt(t *testing.T, path string, handler http.HandlerFunc) *github.Forge {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return connect(t, github.Config{BaseURL: server.URL + path, Token: secret.New(topSecret)})
}

func TestForksAreLeftOut(t *testing.T) {
	side := func(id int) map[string]any {
		return map[string]any{"ref": "towline/web", "repo": map[string]any{"id": id}}
	}
	f := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode([]map[string]any{
			{"number": 1, "state": "open", "head": side(7), "base": side(7)},
			{"number": 2, "state": "open", "head": side(8), "base": side(7)},
			{"number": 3, "state": "open", "head": map[string]any{"ref": "towline/web", "repo": nil}, "base": side(7)},
		})
	})
	list, err := f.List(t.Context(), forge.Filter{})
	if err != nil || len(list) != 1 || list[0].Number != 1 {
		t.Errorf("List gave %+v, %v; want number 1 alone", list, err)
	}
}

func TestEndlessPagingIsAnError(t *testing.T) {
	var calls atomic.Int32
	f := fake(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=1>; rel="next"`, r.Host, r.URL.Path))
		_, _ = io.WriteString(w, "[]")
	})
	if _, err := f.List(t.Context(), forge.Filter{}); err == nil || calls.Load() != 1 {
		t.Errorf("error %v after %d calls", err, calls.Load())
	}
}

// The token leaves for the configured host only, and is in no error and no log.
func TestTokenStaysWhereItBelongs(t *testing.T) {
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked.Store(true)
		t.Errorf("another host was called, with the authorization %q", r.Header.Get("Authorization"))
	}))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+topSecret {
			t.Errorf("the server got the authorization %q", r.Header.Get("Authorization"))
		}
		w.Header().Set("Location", other.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	var log bytes.Buffer
	f := connect(t, github.Config{
		BaseURL: server.URL, Token: secret.New(topSecret), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	_, listErr := f.List(t.Context(), forge.Filter{})
	_, createErr := f.Create(t.Context(), newPull())
	for name, err := range map[string]error{"List": listErr, "Create": createErr} {
		if err == nil || forge.Temporary(err) {
			t.Errorf("%s gave %v, want an error for good", name, err)
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err) + log.String(); strings.Contains(text, topSecret) {
			t.Errorf("%s: the token is in %s", name, text)
		}
	}
	if leaked.Load() {
		t.Error("the token has leaked")
	}
}

func TestTokenSourceGivesTheToken(t *testing.T) {
	f := connect(t, github.Config{Token: secret.New(topSecret)})
	token, err := f.TokenSource()(context.Background())
	if err != nil || token.Reveal() != topSecret {
		t.Errorf("got %v, %v", token, err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := github.Config{Owner: "acme", Repo: "deploy", Token: secret.New(topSecret)}
	app := &github.App{ID: 1, InstallationID: 2, PrivateKey: secret.New("not a key hunter2")}
	for name, change := range map[string]func(*github.Config){
		"no owner":              func(c *github.Config) { c.Owner = "" },
		"a path for an owner":   func(c *github.Config) { c.Owner = "../user" },
		"a path for a name":     func(c *github.Config) { c.Repo = ".." },
		"no credential":         func(c *github.Config) { c.Token = secret.String{} },
		"two credentials":       func(c *github.Config) { c.App = app },
		"a bad key":             func(c *github.Config) { c.Token, c.App = secret.String{}, app },
		"an App without ID":     func(c *github.Config) { c.Token, c.App = secret.String{}, &github.App{InstallationID: 2} },
		"a password in the URL": func(c *github.Config) { c.BaseURL = "https://me:hunter2@ghe.example.com" },
		"another scheme":        func(c *github.Config) { c.BaseURL = "ssh://ghe.example.com" },
	} {
		config := good
		change(&config)
		_, err := github.New(config)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), topSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := github.New(good); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
}
