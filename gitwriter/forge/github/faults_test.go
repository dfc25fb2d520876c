package github_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
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
	onePull  = pulls + "/{number}"
	oneIssue = "/repos/{owner}/{repo}/issues/{number}"
)

// method is a call of the adapter, with the route that is spoilt for it.
type method struct {
	name, route string
	repeats     bool // whether it is made once more after no answer
	call        func(context.Context, *github.Forge) error
	instead     map[string]error // what it gives in place of what most give
}

// methods work on pull request 1, which is open from towline/web, and on issue 2.
func methods(sha string) []method {
	text, number := "text", 1
	merge := forge.MergeRequest{Method: forge.MergeSquash, SHA: sha}
	decorate := func(d forge.Decoration) func(context.Context, *github.Forge) error {
		return func(ctx context.Context, f *github.Forge) error { _, err := f.Decorate(ctx, number, d); return err }
	}
	return []method{
		{"List", "GET " + pulls, true, func(ctx context.Context, f *github.Forge) error {
			_, err := f.List(ctx, forge.Filter{Since: time.Unix(1, 0)})
			return err
		}, nil},
		{"Update", "PATCH " + onePull, true, func(ctx context.Context, f *github.Forge) error {
			_, err := f.Update(ctx, number, forge.Change{Title: &text})
			return err
		}, nil},
		{"Comment", "POST " + oneIssue + "/comments", false, func(ctx context.Context, f *github.Forge) error { return f.Comment(ctx, number, text) }, nil},
		{"SetStatus", "POST /repos/{owner}/{repo}/statuses/{sha}", true, func(ctx context.Context, f *github.Forge) error {
			return f.SetStatus(ctx, sha, forge.Status{Context: "x", State: forge.StatusPending})
		}, nil},
		{"Decorate reads", "GET " + onePull, true, decorate(forge.Decoration{Labels: []string{"a"}}), nil},
		{"Decorate labels", "POST " + oneIssue + "/labels", true, decorate(forge.Decoration{Labels: []string{"b"}}), nil},
		{"Decorate asks", "POST " + onePull + "/requested_reviewers", true, decorate(forge.Decoration{Reviewers: []string{"alice"}}), nil},
		{"Decorate assigns", "POST " + oneIssue + "/assignees", true, decorate(forge.Decoration{Assignees: []string{"alice"}}), nil},
		{"Decorate plans", "GET /repos/{owner}/{repo}/milestones", true, decorate(forge.Decoration{Milestone: "May"}), nil},
		{"Comments", "GET " + oneIssue + "/comments", true, func(ctx context.Context, f *github.Forge) error {
			_, err := f.Comments(ctx, number, time.Unix(1, 0))
			return err
		}, nil},
		{"Permission", "GET /repos/{owner}/{repo}/collaborators/{login}/permission", true, func(ctx context.Context, f *github.Forge) error {
			_, err := f.Permission(ctx, "alice")
			return err
		}, map[string]error{"404": nil}},
		{"Readiness", "GET " + onePull + "/reviews", true, func(ctx context.Context, f *github.Forge) error {
			_, err := f.Readiness(ctx, number)
			return err
		}, nil},
		{"Automerge", "POST /graphql", true, func(ctx context.Context, f *github.Forge) error { return f.Automerge(ctx, number, merge) }, nil},
		{"CancelAutomerge", "POST /graphql", true, func(ctx context.Context, f *github.Forge) error { return f.CancelAutomerge(ctx, number) }, nil},
		{"ListIssues", "GET /repos/{owner}/{repo}/issues", true, func(ctx context.Context, f *github.Forge) error {
			_, err := f.ListIssues(ctx, text)
			return err
		}, nil},
		{"Issue", "GET " + oneIssue, true, func(ctx context.Context, f *github.Forge) error { _, err := f.Issue(ctx, 2); return err }, nil},
		{"CreateIssue", "POST /repos/{owner}/{repo}/issues", false, func(ctx context.Context, f *github.Forge) error {
			_, err := f.CreateIssue(ctx, forge.NewIssue{Title: text})
			return err
		}, nil},
		{"UpdateIssue", "PATCH " + oneIssue, true, func(ctx context.Context, f *github.Forge) error {
			_, err := f.UpdateIssue(ctx, 2, forge.Change{Body: &text})
			return err
		}, nil},
		{"Merge", "PUT " + onePull + "/merge", false, func(ctx context.Context, f *github.Forge) error {
			_, err := f.Merge(ctx, number, merge)
			return err
		}, map[string]error{"409": forge.ErrNotReady, "405": forge.ErrNotReady}},
	}
}

// spoilt is what goes wrong, and what a method makes of it.
type spoilt struct {
	name      string
	fault     forgetest.Fault
	want      error
	noAnswer  bool          // it is none that says anything, so that some try again
	wait      time.Duration // of a limit, after which nothing else goes out; 0: no limit
	secondary bool
}

func faults() []spoilt {
	refuse := func(status int, header http.Header) forgetest.Fault {
		return forgetest.Fault{Status: status, Header: header, Body: `{"message":"No."}`}
	}
	secondary := refuse(403, nil)
	secondary.Body = `{"message":"Slow down.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
	return []spoilt{
		{"401", refuse(401, nil), forge.ErrUnauthorized, false, 0, false},
		{"403", refuse(403, nil), forge.ErrForbidden, false, 0, false},
		{"404", refuse(404, nil), forge.ErrNotFound, false, 0, false},
		{"405", refuse(405, nil), forge.ErrInvalid, false, 0, false},
		{"409", refuse(409, nil), forge.ErrExists, false, 0, false},
		{"422", refuse(422, nil), forge.ErrInvalid, false, 0, false},
		{"429", refuse(429, http.Header{"Retry-After": {"90"}}), nil, false, 90 * time.Second, true},
		{"secondary limit", secondary, nil, false, time.Minute, true},
		{"secondary limit with a wait", refuse(403, http.Header{"Retry-After": {"70"}}), nil, false, 70 * time.Second, true},
		{"500", refuse(500, nil), forge.ErrUnavailable, true, 0, false},
		{"502", forgetest.Fault{Status: 502, Body: "<html>bad gateway</html>"}, forge.ErrUnavailable, true, 0, false},
		{"slow", forgetest.Fault{Delay: time.Hour}, forge.ErrUnavailable, true, 0, false},
		{"cut off", forgetest.Fault{Cut: true}, forge.ErrUnavailable, true, 0, false}, // last: it takes effect
	}
}

// Whatever goes wrong with whichever method, its error says which kind it is, what is
// harmless is tried once more and nothing else is, and after a limit nothing goes out.
func TestFaultsOfEachMethod(t *testing.T) {
	for i := range methods("") {
		t.Run(methods("")[i].name, func(t *testing.T) {
			server, repo, f := start(t)
			pr, err := f.Create(t.Context(), newPull())
			if err != nil {
				t.Fatal(err)
			}
			repo.As("alice").OpenIssue("Dashboard", "")
			m := methods(pr.HeadSHA)[i]
			for _, s := range faults() {
				t.Run(s.name, func(t *testing.T) { m.suffers(t, server, s) })
			}
		})
	}
}

func (m method) suffers(t *testing.T, server *forgetest.Server, s spoilt) {
	counter := &counter{route: m.pattern()}
	config := github.Config{BaseURL: server.BaseURL() + "/api/v3", Token: secret.New(forgetest.Token), Transport: counter}
	if s.fault.Delay > 0 {
		config.Timeout = 100 * time.Millisecond
	}
	f := connect(t, config)
	s.fault.Route = m.route
	defer server.Inject(s.fault)()
	err := m.call(t.Context(), f)
	calls := 1
	if s.noAnswer && m.repeats {
		calls = 2
	}
	if got := int(counter.matching.Load()); got != calls {
		t.Errorf("%d calls, want %d", got, calls)
	}
	if s.wait > 0 {
		isHeldBack(t, counter, f, err, s)
		return
	}
	want, different := m.instead[s.name]
	if !different {
		want = s.want
	}
	if !errors.Is(err, want) || forge.Temporary(err) != errors.Is(want, forge.ErrUnavailable) {
		t.Errorf("it gave %v, want %v", err, want)
	}
}

// pattern matches a request's method and path.
func (m method) pattern() *regexp.Regexp {
	route := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(m.route, "[^/]+")
	return regexp.MustCompile("^" + strings.Replace(route, " ", " /api(/v3)?", 1) + "$")
}

// counter counts requests as they go out, whatever becomes of them.
type counter struct {
	route         *regexp.Regexp
	all, matching atomic.Int32
}

func (c *counter) RoundTrip(req *http.Request) (*http.Response, error) {
	c.all.Add(1)
	if c.route.MatchString(req.Method + " " + req.URL.Path) {
		c.matching.Add(1)
	}
	return http.DefaultTransport.RoundTrip(req)
}

// isHeldBack makes sure that the limit was told, and that no other call goes out.
func isHeldBack(t *testing.T, counter *counter, f *github.Forge, err error, s spoilt) {
	t.Helper()
	var limited *forge.RateLimitError
	if !errors.As(err, &limited) || limited.RetryAfter != s.wait || limited.Secondary != s.secondary || limited.Op == "" {
		t.Errorf("it gave %v, want a wait of %s", err, s.wait)
	}
	before := counter.all.Load()
	if _, err := f.List(t.Context(), forge.Filter{}); !errors.As(err, &limited) || limited.Op != "listing pull requests" || limited.RetryAfter > s.wait {
		t.Errorf("List afterwards gave %v", err)
	}
	if got := counter.all.Load(); got != before {
		t.Error("a call went out in spite of the limit")
	}
}
