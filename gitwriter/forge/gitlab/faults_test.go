package gitlab_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/gitlabtest"
	"github.com/towline-dev/towline/gitwriter/forge/gitlab"
	"github.com/towline-dev/towline/internal/secret"
)

const (
	project   = "/api/v4/projects/{id}"
	mergeReqs = project + "/merge_requests"
	topSecret = "glpat-topsecret"
)

// start gives a server with a branch to propose, and an adapter for it.
func start(t *testing.T, settings gitlabtest.Settings) (*gitlabtest.Server, *gitlabtest.Project, *gitlab.Forge) {
	t.Helper()
	server := gitlabtest.Start(t, gitlabtest.Config{})
	p, err := server.CreateProject("acme/team/deploy")
	if err != nil {
		t.Fatal(err)
	}
	p.Configure(settings)
	for _, branch := range []string{"main", "towline/web"} {
		commit(t, p, branch, branch+".txt")
	}
	return server, p, as(t, server, gitlabtest.Token)
}

func commit(t *testing.T, p *gitlabtest.Project, branch, file string) (sha string) {
	t.Helper()
	sha, err := p.Commit(forgetest.Commit{Branch: branch, Message: "Add " + file, Files: map[string]string{file: "x\n"}})
	if err != nil {
		t.Fatal(err)
	}
	return sha
}

func as(t *testing.T, server *gitlabtest.Server, token string) *gitlab.Forge {
	t.Helper()
	return connect(t, gitlab.Config{URL: server.URL(), Token: secret.New(token)})
}

func newPull() forge.NewPullRequest {
	return forge.NewPullRequest{Head: "towline/web", Base: "main", Title: "Update web"}
}

// open gives a server with one merge request.
func open(t *testing.T, settings gitlabtest.Settings) (*gitlabtest.Server, *gitlabtest.Project, *gitlab.Forge, forge.PullRequest) {
	t.Helper()
	server, p, f := start(t, settings)
	pr, err := f.Create(t.Context(), newPull())
	if err != nil {
		t.Fatal(err)
	}
	return server, p, f, pr
}

// Whatever the server does to a call, the error says the right thing, and a call that
// isn't safe to repeat is made once.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault forgetest.Fault
		want  error
		pulls int // that exist afterwards
	}{
		{"400", forgetest.Fault{Status: 400, Body: `{"message":{"title":["is too long (maximum is 255 characters)"]}}`}, forge.ErrInvalid, 0},
		{"401", forgetest.Fault{Status: 401, Body: `{"message":"401 Unauthorized"}`}, forge.ErrUnauthorized, 0},
		{"a token without the scope", forgetest.Fault{Status: 403, Body: `{"error":"insufficient_scope","scope":"api"}`}, forge.ErrForbidden, 0},
		{"404", forgetest.Fault{Status: 404, Body: `{"message":"404 Project Not Found"}`}, forge.ErrNotFound, 0},
		{"409 is a duplicate", forgetest.Fault{Status: 409, Body: `{"message":["Another open merge request already exists for this source branch: !1"]}`}, forge.ErrExists, 0},
		{"422", forgetest.Fault{Status: 422, Body: `{"error":["Branch conflict"]}`}, forge.ErrInvalid, 0},
		{"500", forgetest.Fault{Status: 500, Body: `{"message":"500 Internal Server Error"}`}, forge.ErrUnavailable, 0},
		{"502 before the effect", forgetest.Fault{Status: 502, Body: "<html>bad gateway</html>"}, forge.ErrUnavailable, 0},
		{"502 after the effect", forgetest.Fault{Status: 502, AfterEffect: true}, forge.ErrUnavailable, 1},
		{"cut off after the effect", forgetest.Fault{Cut: true}, forge.ErrUnavailable, 1},
		{"no answer", forgetest.Fault{Status: 201, Cut: true}, forge.ErrUnavailable, 0},
		{"a page in place of JSON", forgetest.Fault{Status: 201, Body: "<html>log in</html>"}, forge.ErrUnavailable, 0},
		{"an empty object", forgetest.Fault{Status: 201, Body: "{}"}, forge.ErrUnavailable, 0},
		{"an empty success", forgetest.Fault{Status: 201}, forge.ErrUnavailable, 0},
		{"ten megabytes", forgetest.Fault{Status: 201, Body: strings.Repeat(" ", 17<<20)}, forge.ErrInvalid, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, p, f := start(t, gitlabtest.Settings{})
			test.fault.Route, test.fault.Times = "POST "+mergeReqs, 1
			server.Inject(test.fault)
			if _, err := f.Create(t.Context(), newPull()); !errors.Is(err, test.want) {
				t.Errorf("Create gave %v, want %v", err, test.want)
			}
			if got := p.MergeRequests(); got != test.pulls {
				t.Errorf("there are %d merge requests, want %d", got, test.pulls)
			}
			if got := calls(server, "POST "+mergeReqs); got != 1 {
				t.Errorf("%d calls, want 1", got)
			}
		})
	}
}

func calls(server *gitlabtest.Server, route string) int {
	n := 0
	for _, line := range server.Requests() {
		if line.Route == route {
			n++
		}
	}
	return n
}

func TestSlowServer(t *testing.T) {
	server, _, _ := start(t, gitlabtest.Settings{})
	server.Inject(forgetest.Fault{Route: "GET " + mergeReqs, Delay: time.Hour})
	f := connect(t, gitlab.Config{URL: server.URL(), Token: secret.New(gitlabtest.Token), Timeout: 100 * time.Millisecond})
	if _, err := f.List(t.Context(), forge.Filter{}); !errors.Is(err, forge.ErrUnavailable) {
		t.Errorf("List gave %v, want ErrUnavailable", err)
	}
}

// Reads, and changes that may be made twice, survive one fault and no more.
func TestOneFaultIsSurvived(t *testing.T) {
	change := "Second title"
	for name, call := range map[string]struct {
		route string
		make  func(*gitlab.Forge) error
	}{
		"list": {"GET " + mergeReqs, func(f *gitlab.Forge) error {
			_, err := f.List(t.Context(), forge.Filter{})
			return err
		}},
		"update": {"PUT " + mergeReqs + "/{iid}", func(f *gitlab.Forge) error {
			_, err := f.Update(t.Context(), 1, forge.Change{Title: &change})
			return err
		}},
	} {
		for kind, fault := range map[string]forgetest.Fault{"503": {Status: 503}, "cut off": {Cut: true}} {
			t.Run(name+", "+kind, func(t *testing.T) {
				server, _, f, _ := open(t, gitlabtest.Settings{})
				fault.Route, fault.Times = call.route, 1
				server.Inject(fault)
				if err := call.make(f); err != nil {
					t.Errorf("after one fault: %v", err)
				}
				fault.Times = 2
				server.Inject(fault)
				if err := call.make(f); !errors.Is(err, forge.ErrUnavailable) {
					t.Errorf("after two: %v, want ErrUnavailable", err)
				}
			})
		}
	}
}

func TestServerOff(t *testing.T) {
	server, _, f := start(t, gitlabtest.Settings{})
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
	t.Run("with GitLab's headers", func(t *testing.T) {
		server, _, f := start(t, gitlabtest.Settings{})
		server.SetRateLimit(0, time.Now().Add(time.Minute))
		_, err := f.List(t.Context(), forge.Filter{})
		var limited *forge.RateLimitError
		if !errors.As(err, &limited) || limited.Secondary || limited.RetryAfter < 58*time.Second || limited.RetryAfter > 61*time.Second {
			t.Errorf("List gave %v, want a limit of a minute", err)
		}
	})
	t.Run("by the reset alone", func(t *testing.T) {
		server, _, f := start(t, gitlabtest.Settings{})
		server.Inject(forgetest.Fault{Status: http.StatusTooManyRequests, Body: "Retry later\n", Header: http.Header{
			"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {fmt.Sprint(time.Now().Add(time.Hour).Unix())},
		}})
		_, err := f.Create(t.Context(), newPull())
		var limited *forge.RateLimitError
		if !errors.As(err, &limited) || limited.RetryAfter < 59*time.Minute || limited.RetryAfter > time.Hour+time.Second {
			t.Errorf("Create gave %v, want a limit of an hour", err)
		}
	})
	t.Run("what is left isn't waited for", func(t *testing.T) {
		server, _, f := start(t, gitlabtest.Settings{})
		server.SetRateLimit(100, time.Now().Add(time.Minute))
		began := time.Now()
		for range 20 {
			if _, err := f.List(t.Context(), forge.Filter{}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("20 calls took %v", took)
		}
	})
}
