package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestTagsReadsEveryPage(t *testing.T) {
	var all []string
	for i := range 25 {
		all = append(all, fmt.Sprintf("1.%d.0", i))
	}
	want := slices.Sorted(slices.Values(all))
	tests := []struct {
		name     string
		server   registrytest.Options
		pageSize int
		requests int
	}{
		{name: "one page", requests: 1},
		{name: "relative links", pageSize: 10, requests: 3},
		{name: "absolute links", server: registrytest.Options{AbsoluteLinks: true}, pageSize: 10, requests: 3},
		{name: "a page size of the server's own", server: registrytest.Options{PageSize: 4}, requests: 7},
		{name: "the last page is full", pageSize: 5, requests: 5},
		{name: "unsorted, doubled, n ignored", server: registrytest.Options{IgnorePaging: true}, pageSize: 5, requests: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, tt.server)
			if err := server.PushTags("acme/app", all...); err != nil {
				t.Fatal(err)
			}
			client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.PageSize = tt.pageSize })
			got, err := client.Tags(t.Context(), server.Host()+"/acme/app")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			if got := server.Requests()[registrytest.KindTags]; got != tt.requests {
				t.Errorf("%d pages were asked for, want %d", got, tt.requests)
			}
		})
	}
}

func TestLoginOnceForManyListings(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "u", Password: "p", Token: true})
	if err := server.PushTags("app", "1", "2"); err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = keys{Username: "u", Password: "p"} })
	for range 3 {
		if _, err := client.Tags(t.Context(), server.Host()+"/app"); err != nil {
			t.Fatal(err)
		}
	}
	want := map[registrytest.Kind]int{registrytest.KindPing: 1, registrytest.KindToken: 1, registrytest.KindTags: 3}
	if diff := cmp.Diff(want, server.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestDigestIsAskedByHead(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	want, err := server.Push("acme/app", "1.0.0", time.Unix(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), nil)
	got, err := client.Digest(t.Context(), server.Host()+"/acme/app", "1.0.0")
	if err != nil || got != want {
		t.Errorf("Digest = %q, %v; want %q", got, err, want)
	}
	requests := server.Requests()
	if requests[registrytest.KindManifestHead] != 1 || requests[registrytest.KindManifest] != 0 {
		t.Errorf("requests %v, want one HEAD", requests)
	}
}

func TestErrorsAreTyped(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	host := server.Host()
	client, _ := newClient(t, host, func(c *registry.Config) { c.Retries = -1 })
	tests := []struct {
		name      string
		status    int
		ask       func(context.Context) error
		want      error
		temporary bool
		message   string
	}{
		{name: "unknown repository", ask: tags(client, host+"/none"), want: registry.ErrNotFound,
			message: `listing tags of "` + host + `/none": 404 Not Found; NAME_UNKNOWN: repository name not known to registry`},
		{name: "unknown tag", ask: digest(client, host+"/app", "2"), want: registry.ErrNotFound,
			message: `asking for the digest of "` + host + `/app:2": 404 Not Found`},
		{name: "401", status: 401, ask: tags(client, host+"/app"), want: registry.ErrUnauthorized},
		{name: "403", status: 403, ask: tags(client, host+"/app"), want: registry.ErrUnauthorized},
		{name: "429", status: 429, ask: tags(client, host+"/app"), want: registry.ErrRateLimited, temporary: true},
		{name: "500", status: 500, ask: tags(client, host+"/app"), want: registry.ErrUnavailable, temporary: true},
		{name: "503", status: 503, ask: digest(client, host+"/app", "1"), want: registry.ErrUnavailable, temporary: true},
		{name: "teapot", status: 418, ask: tags(client, host+"/app"), want: registry.ErrBadAnswer},
		{name: "bad repository", ask: tags(client, host+"/UPPER"), want: registry.ErrInvalid},
		{name: "repository with tag", ask: tags(client, host+"/app:1"), want: registry.ErrInvalid},
		{name: "URL", ask: tags(client, "https://"+host+"/app"), want: registry.ErrInvalid},
		{name: "no repository", ask: tags(client, ""), want: registry.ErrInvalid},
		{name: "bad tag", ask: digest(client, host+"/app", "a/b"), want: registry.ErrInvalid},
		{name: "long tag", ask: digest(client, host+"/app", strings.Repeat("x", 129)), want: registry.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer server.ClearFaults()
			if tt.status != 0 {
				server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindTags, registrytest.KindManifestHead}, Status: tt.status})
			}
			err := tt.ask(t.Context())
			wantKind(t, err, tt.want)
			var typed *registry.Error
			if !errors.As(err, &typed) {
				t.Fatalf("%T isn't a *registry.Error", err)
			}
			if typed.Status != tt.status && tt.status != 0 || typed.Temporary() != tt.temporary {
				t.Errorf("Status %d, Temporary %v; want %d, %v", typed.Status, typed.Temporary(), tt.status, tt.temporary)
			}
			if tt.message != "" && err.Error() != tt.message {
				t.Errorf("message\n%s\nwant\n%s", err, tt.message)
			}
		})
	}
}

func TestUnreachableRegistry(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	host := server.Host()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	client, clock := newClient(t, host, nil)
	err := tags(client, host+"/app")(t.Context())
	wantKind(t, err, registry.ErrUnavailable)
	if n := len(clock.Slept()); n != 3 {
		t.Errorf("tried again %d times, want 3", n)
	}
}

func TestCancelledCallSaysSo(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	client, _ := newClient(t, server.Host(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	server.AddFault(registrytest.Fault{Wait: func(ctx context.Context) { cancel(); <-ctx.Done() }})
	err := tags(client, server.Host()+"/app")(ctx)
	var typed *registry.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &typed) || typed.Temporary() {
		t.Errorf("got %v, want a *registry.Error of context.Canceled", err)
	}
}

func TestCancelledLoginDoesNotFailOthers(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Retries = -1 })
	first, cancel := context.WithCancel(t.Context())
	begun := make(chan struct{})
	server.AddFault(registrytest.Fault{Times: 1, Wait: func(ctx context.Context) { close(begun); <-ctx.Done() }})
	firstErr := make(chan error)
	go func() { firstErr <- tags(client, server.Host()+"/app")(first) }()
	<-begun
	secondErr := make(chan error)
	go func() { secondErr <- tags(client, server.Host()+"/app")(t.Context()) }()
	cancel()
	if err := <-firstErr; !errors.Is(err, context.Canceled) {
		t.Errorf("first caller got %v, want its own cancellation", err)
	}
	if err := <-secondErr; err != nil {
		t.Errorf("second caller got %v", err)
	}
}

func TestCallTimeout(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	server.AddFault(registrytest.Fault{Wait: func(ctx context.Context) { <-ctx.Done() }})
	for name, change := range map[string]func(*registry.Config){
		"call":    func(c *registry.Config) { c.CallTimeout = time.Millisecond },
		"attempt": func(c *registry.Config) { c.AttemptTimeout = time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := newClient(t, server.Host(), change)
			wantKind(t, tags(client, server.Host()+"/app")(t.Context()), registry.ErrUnavailable)
		})
	}
}

func TestPlainHTTPOnlyWhereDeclared(t *testing.T) {
	asked := newWatch(handler(func(*http.Request) *http.Response { return answer(http.StatusNotFound, "{}") }))
	client, err := registry.New(registry.Config{
		Keychain: keys{}, Transport: asked, Retries: -1,
		Hosts: map[string]registry.HostConfig{"plain.test": {PlainHTTP: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{ // repository → the only scheme that may be used
		"plain.test/app": "http", "ghcr.io/acme/app": "https", "10.1.2.3:5000/app": "https", "registry.local/app": "https",
	}
	for repository, scheme := range tests {
		before := len(asked.Seen())
		if err := tags(client, repository)(t.Context()); err == nil {
			t.Errorf("%s: no error", repository)
		}
		requests := asked.Seen()[before:]
		if len(requests) == 0 {
			t.Errorf("%s: nothing was asked", repository)
		}
		for _, r := range requests {
			if !strings.HasPrefix(r.URL, scheme+"://") {
				t.Errorf("%s: asked %s, want %s only", repository, r.URL, scheme)
			}
		}
	}
}

// A private registry with TLS at an address that go-containerregistry guesses
// to be plain must still page: its links are https.
func TestPagingOverTLS(t *testing.T) {
	for _, absolute := range []bool{false, true} {
		reg := registrytest.NewServer(registrytest.Options{PageSize: 1, AbsoluteLinks: absolute})
		if err := reg.PushTags("app", "1", "2", "3"); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewTLSServer(reg)
		defer server.Close()
		host := strings.TrimPrefix(server.URL, "https://")
		client, _ := newClient(t, host, func(c *registry.Config) {
			c.Transport, c.Hosts = server.Client().Transport, nil
		})
		got, err := client.Tags(t.Context(), host+"/app")
		if diff := cmp.Diff([]string{"1", "2", "3"}, got); err != nil || diff != "" {
			t.Errorf("absolute=%v: %v (-want +got):\n%s", absolute, err, diff)
		}
	}
}

func TestUnknownCertificateIsNotRetried(t *testing.T) {
	server := httptest.NewUnstartedServer(registrytest.NewServer(registrytest.Options{}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	client, clock := newClient(t, host, func(c *registry.Config) {
		c.Hosts = map[string]registry.HostConfig{host: {QPS: 100}}
	})
	err := tags(client, host+"/app")(t.Context())
	wantKind(t, err, registry.ErrUnavailable)
	if len(clock.Slept()) != 0 || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("slept %v; error %v", clock.Slept(), err)
	}
}

func TestUserAgentAndQuietLog(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	asked := newWatch(nil)
	client, _ := newClient(t, server.Host(), func(c *registry.Config) {
		c.Transport, c.UserAgent, c.Log = asked, "towline/1.2.3", slog.New(slog.NewTextHandler(&log, nil))
	})
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, r := range asked.Seen() {
		if !strings.HasPrefix(r.UserAgent, "towline/1.2.3 ") {
			t.Errorf("%s was asked as %q", r.URL, r.UserAgent)
		}
	}
	if log.Len() != 0 {
		t.Errorf("logged: %s", &log)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for name, config := range map[string]registry.Config{
		"host with path":   {Hosts: map[string]registry.HostConfig{"ghcr.io/acme": {}}},
		"empty host":       {Hosts: map[string]registry.HostConfig{"": {}}},
		"negative rate":    {Hosts: map[string]registry.HostConfig{"ghcr.io": {QPS: -1}}},
		"negative conns":   {DefaultHost: registry.HostConfig{MaxConns: -1}},
		"plain by default": {DefaultHost: registry.HostConfig{PlainHTTP: true}},
		"negative pages":   {MaxPages: -1},
		"negative wait":    {MaxWait: -time.Second},
	} {
		if _, err := registry.New(config); err == nil || !strings.HasPrefix(err.Error(), "configuring ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := registry.New(registry.Config{}); err != nil {
		t.Errorf("zero Config: %v", err)
	}
}

func tags(c *registry.Client, repository string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Tags(ctx, repository)
		return err
	}
}

func digest(c *registry.Client, repository, tag string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Digest(ctx, repository, tag)
		return err
	}
}

// wantKind checks that err matches want, and no other sentinel.
func wantKind(t *testing.T, err, want error) {
	t.Helper()
	for _, kind := range []error{
		registry.ErrInvalid, registry.ErrNotFound, registry.ErrUnauthorized,
		registry.ErrRateLimited, registry.ErrUnavailable, registry.ErrBadAnswer,
	} {
		if got := errors.Is(err, kind); got != errors.Is(want, kind) {
			t.Errorf("errors.Is(%v, %v) = %v", err, kind, got)
		}
	}
}
