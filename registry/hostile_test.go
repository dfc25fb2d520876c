package registry_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func secretKeys() keys { return keys{Username: "user", Password: "s3cret"} }

// lies starts a registry with Basic credentials that answers listings itself.
func lies(t *testing.T, list http.HandlerFunc) *registrytest.Server {
	t.Helper()
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret"})
	server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindTags}, Handler: list})
	return server
}

func TestHostileListings(t *testing.T) {
	page := func(link string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", link)
			_, _ = io.WriteString(w, `{"tags":["1.0.0"]}`)
		}
	}
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	tests := []struct {
		name    string
		list    http.HandlerFunc
		message string
		most    int // requests for pages
	}{
		{name: "link to itself", list: page(`</v2/app/tags/list?n=1000>; rel="next"`), message: "links back to an earlier page", most: 2},
		{name: "link to the same last", list: page(`</v2/app/tags/list?last=1.0.0>; rel="next"`), message: "links back to an earlier page", most: 2},
		{name: "link to another host", list: page(`<https://evil.test/v2/app/tags/list?last=1>; rel="next"`), message: `leads to another host: "https://evil.test"`, most: 1},
		{name: "link to another host without scheme", list: page(`<//evil.test/v2/app/tags/list>; rel="next"`), message: "leads to another host", most: 1},
		{name: "link to another port", list: page(`<http://127.0.0.1:1/v2/app/tags/list>; rel="next"`), message: "leads to another host", most: 1},
		{name: "link to a file", list: page(`<file:///etc/passwd>; rel="next"`), message: "leads to another host", most: 1},
		{name: "link with a user before another host", list: page(`<http://127.0.0.1@evil.test/>; rel="next"`), message: "leads to another host", most: 1},
		{name: "unreadable link", list: page("<http://[::1>; rel=\"next\""), message: "unreadable link", most: 1},
		{name: "pages without end", list: endlessPages(), message: "more than 20 pages", most: 20},
		{name: "empty pages without end", list: endlessEmptyPages, message: "more than 20 pages", most: 20},
		{name: "too many tags", list: manyTags(101), message: "more than 100 tags", most: 1},
		{name: "huge body", list: hugeBody, message: "larger than 65536 bytes", most: 1},
		{name: "HTML", list: text("<!DOCTYPE html><p>sign in</p>"), most: 1},
		{name: "no JSON", list: text("{"), most: 1},
		{name: "nothing", list: text(""), most: 1},
		{name: "tags of another type", list: text(`{"tags":[1,2]}`), most: 1},
		{name: "tags that aren't a list", list: text(`{"tags":"1.0.0"}`), most: 1},
		{name: "deeply nested", list: text(`{"tags":` + strings.Repeat("[", 20_000)), most: 1},
		{name: "redirects in circles", list: circle(), message: "redirects in circles", most: 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := lies(t, tt.list)
			asked := newWatch(nil)
			client, clock := newClient(t, server.Host(), func(c *registry.Config) {
				c.Keychain, c.Transport = secretKeys(), asked
				c.MaxPages, c.MaxTags, c.MaxBody = 20, 100, 64<<10
			})
			got, err := client.Tags(t.Context(), server.Host()+"/app")
			wantKind(t, err, registry.ErrBadAnswer)
			if got != nil {
				t.Errorf("tags %v beside an error", got)
			}
			if err != nil && !strings.Contains(err.Error(), tt.message) {
				t.Errorf("message %q lacks %q", err, tt.message)
			}
			if n := server.Requests()[registrytest.KindTags]; n > tt.most || n == 0 {
				t.Errorf("%d pages were asked for, want 1 to %d", n, tt.most)
			}
			if len(clock.Slept()) > 0 {
				t.Errorf("a refused answer was asked for again after %v", clock.Slept())
			}
			onlyAsked(t, asked, server.Host())
		})
	}
}

// endlessPages never repeats a tag or a link, so that only their number gives it away.
func endlessPages() http.HandlerFunc {
	var pages atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		n := pages.Add(1)
		w.Header().Set("Link", fmt.Sprintf(`<%s?last=t%d>; rel="next"`, r.URL.Path, n))
		_, _ = fmt.Fprintf(w, `{"tags":["t%d"]}`, n)
	}
}

func endlessEmptyPages(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Link", fmt.Sprintf(`<%s?last=%sx>; rel="next"`, r.URL.Path, r.URL.Query().Get("last")))
	_, _ = io.WriteString(w, `{"tags":null}`)
}

func manyTags(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"tags":["t0"`)
		for i := range n - 1 {
			_, _ = fmt.Fprintf(w, `,"t%d"`, i+1)
		}
		_, _ = io.WriteString(w, `]}`)
	}
}

func hugeBody(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"tags":["`)
	chunk := bytes.Repeat([]byte("x"), 4096)
	for r.Context().Err() == nil { // without end, until the client has had enough
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// circle redirects to the same listing for good, under another URL each time.
func circle() http.HandlerFunc {
	var turns atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		again := fmt.Sprintf("/v2/app/tags/list?n=1000&again=%d", turns.Add(1))
		http.Redirect(w, r, again, http.StatusTemporaryRedirect)
	}
}

// A redirect to another host is refused, whatever is asked and whatever the
// status, and that host hears nothing, let alone the credentials.
func TestRedirectToAnotherHost(t *testing.T) {
	for _, token := range []bool{false, true} {
		for _, kind := range []registrytest.Kind{
			registrytest.KindPing, registrytest.KindToken, registrytest.KindTags, registrytest.KindManifestHead,
		} {
			for _, status := range []int{301, 302, 303, 307, 308} {
				if kind == registrytest.KindToken && !token {
					continue
				}
				t.Run(fmt.Sprintf("%s token=%v %d", kind, token, status), func(t *testing.T) {
					elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						t.Errorf("the other host was asked %s with Authorization %q", r.URL, r.Header.Get("Authorization"))
					}))
					defer elsewhere.Close()
					server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret", Token: token})
					if err := server.PushTags("app", "1"); err != nil {
						t.Fatal(err)
					}
					server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{kind}, Handler: http.RedirectHandler(elsewhere.URL+"/stolen", status)})
					client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
					_, err := client.Tags(t.Context(), server.Host()+"/app")
					if kind == registrytest.KindManifestHead {
						_, err = client.Digest(t.Context(), server.Host()+"/app", "1")
					}
					wantKind(t, err, registry.ErrBadAnswer)
					if err != nil && strings.Contains(err.Error(), "s3cret") {
						t.Errorf("the error holds the password: %v", err)
					}
				})
			}
		}
	}
}

func TestRedirectWithinTheHostIsFollowed(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret"})
	if err := server.PushTags("new/app", "1", "2"); err != nil {
		t.Fatal(err)
	}
	server.AddFault(registrytest.Fault{Times: 1, Kinds: []registrytest.Kind{registrytest.KindTags}, Handler: http.RedirectHandler("/v2/new/app/tags/list", http.StatusMovedPermanently)})
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
	got, err := client.Tags(t.Context(), server.Host()+"/old/app")
	if diff := cmp.Diff([]string{"1", "2"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The token server that a challenge names must not be a way into the network.
func TestHostileTokenServers(t *testing.T) {
	for name, realm := range map[string]string{
		"metadata service": "https://169.254.169.254/latest",
		"private address":  "https://10.0.0.1/token",
		"another scheme":   "file:///etc/passwd",
		"none":             "",
	} {
		t.Run(name, func(t *testing.T) {
			server := registrytest.New(t, registrytest.Options{})
			server.AddFault(registrytest.Fault{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="x"`)
				w.WriteHeader(http.StatusUnauthorized)
			})})
			asked := newWatch(nil)
			client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain, c.Transport, c.Retries = secretKeys(), asked, -1 })
			wantKind(t, tags(client, server.Host()+"/app")(t.Context()), registry.ErrBadAnswer)
			onlyAsked(t, asked, server.Host())
		})
	}
}

func TestTagsThatNoImageCanHave(t *testing.T) {
	server := lies(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"tags":["1.0.0","\u001b[31mred","a b","-x",".x","a/b","","new\nline","`+strings.Repeat("y", 129)+`","é","`+strings.Repeat("z", 128)+`"]}`)
	})
	var log bytes.Buffer
	client, _ := newClient(t, server.Host(), func(c *registry.Config) {
		c.Keychain, c.Log = secretKeys(), slog.New(slog.NewJSONHandler(&log, nil))
	})
	got, err := client.Tags(t.Context(), server.Host()+"/app")
	if diff := cmp.Diff([]string{"1.0.0", strings.Repeat("z", 128)}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), `"count":9,"first":" [31mred"`) {
		t.Errorf("log: %s", &log)
	}
}

func TestErrorTextIsBoundedAndPrintable(t *testing.T) {
	server := lies(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"errors":[{"code":"DENIED","message":"\u001b]0;pwned\u0007\n`+strings.Repeat("long ", 5000)+`"}]}`)
	})
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
	err := tags(client, server.Host()+"/app")(t.Context())
	wantKind(t, err, registry.ErrUnauthorized)
	if len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\x1b\x07\n") {
		t.Errorf("error text %q", err.Error())
	}
}

func TestSlowDripEndsWithTheAttempt(t *testing.T) {
	dripped := make(chan struct{})
	server := lies(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"tags":[`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // the client hangs up
		close(dripped)
	})
	client, _ := newClient(t, server.Host(), func(c *registry.Config) {
		c.Keychain, c.AttemptTimeout, c.Retries = secretKeys(), 50*time.Millisecond, -1
	})
	wantKind(t, tags(client, server.Host()+"/app")(context.Background()), registry.ErrUnavailable)
	<-dripped
}

func TestLinksAsTheyComeInTheWild(t *testing.T) {
	const next = `/v2/app/tags/list?last=1`
	for name, links := range map[string][]string{
		"quoted":             {`<` + next + `>; rel="next"`},
		"bare":               {`<` + next + `>; rel=next`},
		"capitals":           {`<` + next + `>; REL="Next"`},
		"no relation":        {`<` + next + `>`},
		"previous first":     {`</v2/app/tags/list?n=1>; rel="prev", <` + next + `>; rel="next"`},
		"two headers":        {`</docs>; rel="help"`, `<` + next + `>; rel="next"`},
		"further parameters": {`<` + next + `>; title="x"; rel="next"`},
		"relative":           {`<list?last=1>; rel="next"`},
	} {
		t.Run(name, func(t *testing.T) {
			server := lies(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("last") != "" {
					_, _ = io.WriteString(w, `{"tags":["2"]}`)
					return
				}
				w.Header()["Link"] = links
				_, _ = io.WriteString(w, `{"tags":["1"]}`)
			})
			client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
			got, err := client.Tags(t.Context(), server.Host()+"/app")
			if diff := cmp.Diff([]string{"1", "2"}, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// onlyAsked checks that every request went to the host, and that each with
// credentials did.
func onlyAsked(t *testing.T, asked *watch, host string) {
	t.Helper()
	for _, r := range asked.Seen() {
		if !strings.HasPrefix(r.URL, "http://"+host+"/") {
			t.Errorf("asked %s (Authorization %q)", r.URL, r.Authorization)
		}
	}
}
