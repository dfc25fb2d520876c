package forgetest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

func call(ctx context.Context, address string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func TestInject(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	newRepo(t, server)
	address := server.BaseURL() + "/api/v3/repos/acme/deploy"
	const route = "GET /repos/{owner}/{repo}"
	remove := server.Inject(forgetest.Fault{Route: route, Status: 503, Body: "away", Header: http.Header{"Retry-After": {"7"}}})
	server.Inject(forgetest.Fault{Route: "GET /rate_limit", Status: 500})
	for range 2 {
		if status, body, err := call(t.Context(), address); status != 503 || body != "away" || err != nil {
			t.Errorf("with the fault: %d %q %v", status, body, err)
		}
	}
	remove()
	if status, _, err := call(t.Context(), address); status != 200 || err != nil {
		t.Errorf("without it: %d %v", status, err)
	}
	server.Inject(forgetest.Fault{Route: route, Times: 1, Cut: true})
	if status, _, err := call(t.Context(), address); status != 200 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: %d %v", status, err)
	}
	if status, _, err := call(t.Context(), address); status != 200 || err != nil {
		t.Errorf("after the one time: %d %v", status, err)
	}
	server.Inject(forgetest.Fault{Route: route, Times: 1, Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := call(ctx, address); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("slow: %v", err)
	}
}

func TestGitFaults(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	server.Inject(forgetest.Fault{Route: forgetest.RouteGitRefs, Times: 1, Status: 503})
	if out, err := git(t.Context(), ".", "ls-remote", repo.CloneURL()); err == nil {
		t.Errorf("with the fault git says %s", out)
	}
	mustGit(t, ".", "ls-remote", repo.CloneURL())
}

func TestRequestsAreLogged(t *testing.T) {
	var seen int
	server := forgetest.Start(t, forgetest.Config{OnRequest: func(*http.Request) { seen++ }})
	newRepo(t, server)
	server.ForgetRequests()
	for _, path := range []string{"/api/v3/repos/acme/deploy?a=b", "/repos/acme/nope", "/api/v3/nowhere"} {
		if _, _, err := call(t.Context(), server.BaseURL()+path); err != nil {
			t.Fatal(err)
		}
	}
	want := []forgetest.Request{
		{Method: "GET", Route: "GET /repos/{owner}/{repo}", Path: "/api/v3/repos/acme/deploy", Query: "a=b", Status: 200},
		{Method: "GET", Route: "GET /repos/{owner}/{repo}", Path: "/repos/acme/nope", Status: 404},
		{Method: "GET", Route: "/", Path: "/api/v3/nowhere", Status: 404},
	}
	if diff := cmp.Diff(want, server.Requests()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if seen != len(want) {
		t.Errorf("the hook saw %d requests, want %d", seen, len(want))
	}
}

// TestDelayKeepsTheBody holds that a request that is kept waiting takes effect as a whole,
// by each of the API's addresses.
func TestDelayKeepsTheBody(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	newRepo(t, server)
	server.Inject(forgetest.Fault{Delay: time.Millisecond})
	for _, root := range []string{"", "/api/v3"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.BaseURL()+root+"/repos/acme/deploy/issues", strings.NewReader(`{"title":"Slow"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "token "+forgetest.Token)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Errorf("at %q: status %d", root, resp.StatusCode)
		}
	}
}
