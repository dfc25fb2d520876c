package registrytest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/towline-dev/towline/registry/registrytest"
)

func TestPaging(t *testing.T) {
	tests := []struct {
		name    string
		options registrytest.Options
		query   string
		tags    []string
		link    string
	}{
		{name: "all", tags: []string{"a", "b", "c", "d"}},
		{name: "n", query: "?n=2", tags: []string{"a", "b"}, link: `</v2/acme/app/tags/list?last=b&n=2>; rel="next"`},
		{name: "n and last", query: "?n=2&last=b", tags: []string{"c", "d"}},
		{name: "a last that isn't there", query: "?last=bb", tags: []string{"c", "d"}},
		{name: "a last behind the end", query: "?last=x", tags: []string{}},
		{name: "n beyond the end", query: "?n=9", tags: []string{"a", "b", "c", "d"}},
		{name: "bounded by the server", options: registrytest.Options{PageSize: 3}, query: "?n=9", tags: []string{"a", "b", "c"}, link: `</v2/acme/app/tags/list?last=c&n=3>; rel="next"`},
		{name: "paging ignored", options: registrytest.Options{IgnorePaging: true}, query: "?n=1", tags: []string{"d", "c", "b", "a", "d"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, tt.options)
			if err := server.PushTags("acme/app", "b", "a", "d", "c", "a"); err != nil {
				t.Fatal(err)
			}
			page := get(t, server.URL()+"/v2/acme/app/tags/list"+tt.query, "")
			var list struct{ Tags []string }
			if err := json.Unmarshal([]byte(page.body), &list); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.tags, list.Tags); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			if got := page.header.Get("Link"); got != tt.link {
				t.Errorf("Link %q, want %q", got, tt.link)
			}
		})
	}
}

func TestAbsoluteLink(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{PageSize: 1, AbsoluteLinks: true})
	if err := server.PushTags("app", "a", "b"); err != nil {
		t.Fatal(err)
	}
	want := "<" + server.URL() + `/v2/app/tags/list?last=a&n=1>; rel="next"`
	if got := get(t, server.URL()+"/v2/app/tags/list", "").header.Get("Link"); got != want {
		t.Errorf("Link %q, want %q", got, want)
	}
}

func TestPushedImage(t *testing.T) {
	var events []registrytest.Event
	server := registrytest.New(t, registrytest.Options{OnEvent: func(e registrytest.Event) { events = append(events, e) }})
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	labels := map[string]string{"org.opencontainers.image.source": "https://git.test/acme/app"}
	digest, err := server.Push("acme/app", "1.0.0", created, labels)
	if err != nil {
		t.Fatal(err)
	}
	other, err := server.Push("acme/app", "1.1.0", created, labels)
	if err != nil || other == digest {
		t.Errorf("another tag has digest %s (%v), the same as the first", other, err)
	}
	img, err := remote.Image(reference(t, server, "acme/app:1.0.0"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if !config.Created.Equal(created) || config.OS != "linux" || config.Architecture != "amd64" {
		t.Errorf("created %s, platform %s/%s", config.Created, config.OS, config.Architecture)
	}
	if diff := cmp.Diff(labels, config.Config.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	if _, err := layers[0].Uncompressed(); err != nil {
		t.Errorf("reading the layer: %v", err)
	}
	want := []registrytest.Event{
		{Repository: "acme/app", Tag: "1.0.0", Digest: digest},
		{Repository: "acme/app", Tag: "1.1.0", Digest: other},
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestPushRefusesBadNames(t *testing.T) {
	server := registrytest.NewServer(registrytest.Options{})
	for _, image := range [][2]string{{"UPPER", "1"}, {"app", "a b"}, {"app", ""}} {
		if _, err := server.Push(image[0], image[1], time.Time{}, nil); err == nil {
			t.Errorf("Push(%q, %q) gave no error", image[0], image[1])
		}
	}
}

// Clients push and delete over HTTP too, with each way of logging in.
func TestPushOverHTTP(t *testing.T) {
	for name, options := range map[string]registrytest.Options{
		"open":  {},
		"basic": {Username: "user", Password: "s3cret"},
		"token": {Username: "user", Password: "s3cret", Token: true},
	} {
		t.Run(name, func(t *testing.T) {
			var events []registrytest.Event
			options.OnEvent = func(e registrytest.Event) { events = append(events, e) }
			server := registrytest.New(t, options)
			img, err := random.Image(10, 1)
			if err != nil {
				t.Fatal(err)
			}
			ref := reference(t, server, "acme/app:1")
			auth := remote.WithAuth(&authn.Basic{Username: "user", Password: "s3cret"})
			if err := remote.Write(ref, img, auth); err != nil {
				t.Fatal(err)
			}
			if tags, err := remote.List(ref.Context(), auth); err != nil || len(tags) != 1 {
				t.Errorf("tags %v, %v", tags, err)
			}
			if len(events) != 1 || events[0].Tag != "1" {
				t.Errorf("events %v, want one of tag 1", events)
			}
			if err := remote.Delete(ref, auth); err != nil {
				t.Fatal(err)
			}
			if tags, err := remote.List(ref.Context(), auth); err != nil || len(tags) != 0 {
				t.Errorf("after deletion: tags %v, %v", tags, err)
			}
			if options.Username == "" {
				return
			}
			wrong := remote.WithAuth(&authn.Basic{Username: "user", Password: "wrong"})
			if _, err := remote.List(ref.Context(), wrong); err == nil {
				t.Error("a wrong password lists tags")
			}
			if _, err := remote.List(ref.Context()); err == nil {
				t.Error("no password lists tags")
			}
		})
	}
}

func TestTokenIsForOneRepository(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Token: true})
	if err := server.PushTags("a", "1"); err != nil {
		t.Fatal(err)
	}
	if err := server.PushTags("ab", "1"); err != nil {
		t.Fatal(err)
	}
	issued := get(t, server.URL()+"/token?service=registrytest&scope=repository:a:pull", "")
	var given struct{ Token string }
	if err := json.Unmarshal([]byte(issued.body), &given); err != nil || given.Token == "" {
		t.Fatalf("token %q, %v", given.Token, err)
	}
	for path, want := range map[string]int{"/v2/": 200, "/v2/a/tags/list": 200, "/v2/ab/tags/list": 401} {
		if got := get(t, server.URL()+path, "Bearer "+given.Token).status; got != want {
			t.Errorf("%s answers %d, want %d", path, got, want)
		}
	}
	challenge := get(t, server.URL()+"/v2/a/tags/list", "").header.Get("WWW-Authenticate")
	want := `Bearer realm="` + server.URL() + `/token",service="registrytest",scope="repository:a:pull"`
	if challenge != want {
		t.Errorf("challenge\n%s\nwant\n%s", challenge, want)
	}
	server.ExpireTokens()
	if got := get(t, server.URL()+"/v2/a/tags/list", "Bearer "+given.Token).status; got != 401 {
		t.Errorf("an expired token gives %d, want 401", got)
	}
}

func TestFaults(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1", "2"); err != nil {
		t.Fatal(err)
	}
	list := server.URL() + "/v2/app/tags/list"
	statuses := func(n int) (got []int) {
		for range n {
			got = append(got, get(t, list, "").status)
		}
		return got
	}
	server.AddFault(registrytest.Fault{Times: 2, Skip: 1, Status: 429, RetryAfter: "7"})
	if diff := cmp.Diff([]int{200, 429, 429, 200}, statuses(4)); diff != "" {
		t.Errorf("skip 1, strike 2 (-want +got):\n%s", diff)
	}
	server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindPing}, Status: 500})
	server.AddFault(registrytest.Fault{Status: 503, RetryAfter: "7"})
	if got := get(t, server.URL()+"/v2/", "").status; got != 500 {
		t.Errorf("ping answers %d, want 500", got)
	}
	struck := get(t, list, "")
	if struck.status != http.StatusServiceUnavailable || struck.header.Get("Retry-After") != "7" {
		t.Errorf("answers %d, Retry-After %q", struck.status, struck.header.Get("Retry-After"))
	}
	server.ClearFaults()
	if diff := cmp.Diff([]int{200}, statuses(1)); diff != "" {
		t.Errorf("after ClearFaults (-want +got):\n%s", diff)
	}
	server.AddFault(registrytest.Fault{Times: 1, CutAfter: 5})
	if cut := request(t, list, ""); !errors.Is(cut.err, io.ErrUnexpectedEOF) || cut.body != `{"nam` {
		t.Errorf("a cut body gives %q, %v", cut.body, cut.err)
	}
	waited := false
	server.AddFault(registrytest.Fault{Times: 1, Delay: time.Nanosecond, Wait: func(context.Context) { waited = true }})
	if diff := cmp.Diff([]int{200}, statuses(1)); diff != "" || !waited {
		t.Errorf("slow, waited %v (-want +got):\n%s", waited, diff)
	}
	want := map[registrytest.Kind]int{registrytest.KindTags: 8, registrytest.KindPing: 1}
	if diff := cmp.Diff(want, server.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	server.ResetRequests()
	if got := server.Requests(); len(got) != 0 {
		t.Errorf("after a reset: %v", got)
	}
}

func TestOffAndOn(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	server.SetOnline(false)
	if got := request(t, server.URL()+"/v2/", ""); got.status != 0 {
		t.Errorf("while off it answers %d", got.status)
	}
	server.SetOnline(true)
	if got := get(t, server.URL()+"/v2/", "").status; got != 200 {
		t.Errorf("back on, it answers %d", got)
	}
	recorder := httptest.NewRecorder() // can't be hijacked
	server.SetOnline(false)
	server.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v2/", nil))
	if recorder.Code != 503 {
		t.Errorf("as a handler that can't hang up it answers %d, want 503", recorder.Code)
	}
}

func TestStartAndClose(t *testing.T) {
	server := registrytest.NewServer(registrytest.Options{})
	if server.Host() != "" || server.URL() != "" {
		t.Errorf("before Start: host %q, URL %q", server.Host(), server.URL())
	}
	if err := server.Close(); err != nil {
		t.Errorf("closing what wasn't started: %v", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(listener); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(listener); err == nil {
		t.Error("a second Start gave no error")
	}
	if got := get(t, server.URL()+"/v2/", "").status; got != 200 {
		t.Errorf("answers %d", got)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if got := request(t, server.URL()+"/v2/", ""); got.status != 0 {
		t.Error("answers after Close")
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	var mu sync.Mutex
	seen := 0
	server := registrytest.New(t, registrytest.Options{Token: true, OnRequest: func(*http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen++
	}})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			repository := fmt.Sprintf("app%d", i)
			if _, err := server.Push(repository, "1", time.Time{}, nil); err != nil {
				t.Error(err)
				return
			}
			if tags, err := remote.List(reference(t, server, repository+":1").Context()); err != nil || len(tags) != 1 {
				t.Errorf("%s: %v, %v", repository, tags, err)
			}
		})
	}
	wg.Wait()
	if seen != 8*3 { // ping, token, list
		t.Errorf("OnRequest saw %d requests, want 24", seen)
	}
}

// New reports a failure to whoever gave it a TB that isn't testing's.
func TestNewTakesAnyTB(t *testing.T) {
	tb := &fakeTB{}
	server := registrytest.New(tb, registrytest.Options{})
	if got := get(t, server.URL()+"/v2/", "").status; got != 200 {
		t.Errorf("answers %d", got)
	}
	tb.cleanup()
	if got := request(t, server.URL()+"/v2/", ""); got.status != 0 {
		t.Error("answers after the cleanup")
	}
}

type fakeTB struct{ cleanup func() }

func (*fakeTB) Helper()               {}
func (f *fakeTB) Cleanup(c func())    { f.cleanup = c }
func (*fakeTB) Fatalf(string, ...any) {}

func reference(t *testing.T, s *registrytest.Server, image string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(s.Host()+"/"+image, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// answer is what a request came to. Where err isn't nil, status is 0 when no
// answer began, and body is what came of one that broke off.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// get expects a whole answer, whatever its status.
func get(t *testing.T, url, authorization string) answer {
	t.Helper()
	got := request(t, url, authorization)
	if got.err != nil {
		t.Fatal(got.err)
	}
	return got
}

// request keeps its connection alive for the next, as clients do: a server that
// is off or closed must not answer on an old connection either.
func request(t *testing.T, url, authorization string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body), err: err}
}
