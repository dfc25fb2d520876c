package registry_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// Each of these ends in a clear error on that repository; the one beside it is
// listed all the same.
func TestHostileAnswersConcernOneRepository(t *testing.T) {
	scoped := func(scope string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="registrytest",scope="`+scope+`"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	linked := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "<"+r.URL.Path+"?last="+strings.Repeat("a", 9<<10)+`>; rel="next"`)
		_, _ = io.WriteString(w, `{"tags":[]}`)
	}
	typed := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name    string
		fault   registrytest.Fault
		want    error
		message string
		most    int // requests for the bad list
	}{
		{name: "401 again and again", fault: registrytest.Fault{Handler: scoped("repository:bad:pull")}, want: registry.ErrUnauthorized, message: "401 Unauthorized", most: 2},
		{name: "401 with a scope without end", fault: registrytest.Fault{Handler: scoped(strings.Repeat("x", 20<<10))}, want: registry.ErrBadAnswer, message: "/token?scope=", most: 1},
		{name: "401 without a challenge", fault: registrytest.Fault{Status: 401}, want: registry.ErrUnauthorized, message: "401 Unauthorized", most: 2},
		{name: "429 without a word", fault: registrytest.Fault{Status: 429}, want: registry.ErrRateLimited, message: "429 Too Many Requests", most: 4},
		{name: "a body that always breaks off", fault: registrytest.Fault{CutAfter: 9}, want: registry.ErrUnavailable, message: "unexpected EOF", most: 4},
		{name: "an endless body", fault: registrytest.Fault{Handler: http.HandlerFunc(hugeBody)}, want: registry.ErrBadAnswer, message: "larger than 65536 bytes", most: 1},
		{name: "HTML", fault: registrytest.Fault{Handler: typed("text/html", "<p>hello</p>")}, want: registry.ErrBadAnswer, message: `(Content-Type "text/html")`, most: 1},
		{name: "an image", fault: registrytest.Fault{Handler: typed("image/png", "\x89PNG\r\n\x1a\n")}, want: registry.ErrBadAnswer, message: `(Content-Type "image/png")`, most: 1},
		{name: "an error document with 200", fault: registrytest.Fault{Handler: typed("application/json", `[{"code":"X"}]`)}, want: registry.ErrBadAnswer, most: 1},
		{name: "a link without end", fault: registrytest.Fault{Handler: http.HandlerFunc(linked)}, want: registry.ErrBadAnswer, message: "at most 8192 are followed", most: 1},
		{name: "a page more than it has", fault: registrytest.Fault{Handler: http.HandlerFunc(endlessEmptyPages)}, want: registry.ErrBadAnswer, message: "more than 20 pages", most: 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret", Token: true})
			push(t, server, "good", "1")
			push(t, server, "bad", "1")
			tt.fault.Kinds = []registrytest.Kind{registrytest.KindTags}
			client, clock := newClient(t, server.Host(), func(c *registry.Config) {
				c.Keychain, c.MaxBody, c.MaxPages = secretKeys(), 64<<10, 20
			})
			server.AddFault(tt.fault)
			err := tags(client, server.Host()+"/bad")(t.Context())
			wantKind(t, err, tt.want)
			if err != nil && !strings.Contains(err.Error(), tt.message) {
				t.Errorf("message %q lacks %q", err, tt.message)
			}
			if n := server.Requests()[registrytest.KindTags]; n == 0 || n > tt.most {
				t.Errorf("%d requests, want 1 to %d", n, tt.most)
			}
			if got := server.Requests()[registrytest.KindToken]; got > 2 {
				t.Errorf("%d tokens were asked for", got)
			}
			server.ClearFaults()
			if err := tags(client, server.Host()+"/good")(t.Context()); err != nil {
				t.Errorf("the repository beside it, after %v: %v", clock.Slept(), err)
			}
		})
	}
}

// A token server elsewhere gets the credentials that were meant for it, as the
// protocol has it, and is then believed: what it asks for beyond that, it doesn't get.
func TestTokenServerElsewhere(t *testing.T) {
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	tests := []struct {
		name  string
		token http.HandlerFunc
		most  int32
		want  error
	}{
		{name: "that asks for credentials", token: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://other.test/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}, most: 1, want: registry.ErrUnauthorized},
		{name: "that redirects", token: http.RedirectHandler("https://other.test/token", http.StatusTemporaryRedirect).ServeHTTP, most: 1, want: registry.ErrBadAnswer},
		{name: "that gives no token", token: text(200, `{}`), most: 1, want: registry.ErrBadAnswer},
		{name: "that gives another token alone", token: text(200, `{"refresh_token":"s3cret"}`), most: 1, want: registry.ErrBadAnswer},
		{name: "that speaks no JSON", token: text(200, `<p>hello</p>`), most: 1, want: registry.ErrBadAnswer},
		{name: "that never ends", token: hugeBody, most: 1, want: registry.ErrBadAnswer},
		{name: "that is broken", token: text(500, ``), most: 1, want: registry.ErrUnavailable},
		{name: "that gives what isn't accepted", token: text(200, `{"token":"wrong","expires_in":-1}`), most: 2, want: registry.ErrUnauthorized},
		{name: "whose token lives for a moment", token: text(200, `{"token":"t","expires_in":1}`), most: 2},
		{name: "whose token lives for ever", token: text(200, `{"token":"t","expires_in":9000000000000000000}`), most: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			net := newInternet(t)
			var asked atomic.Int32
			net.add(t, "token.test", otherPublic, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				tt.token(w, r)
			}))
			net.add(t, "other.test", otherPublic, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("the third host was asked %s with Authorization %q", r.URL, r.Header.Get("Authorization"))
			}))
			net.add(t, "reg.test", public, tokenRegistry("https://token.test/token"))
			err := tags(net.client(t, nil), "reg.test/app")(t.Context())
			wantKind(t, err, tt.want)
			if tt.want == nil && err != nil {
				t.Error(err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error holds the password: %v", err)
			}
			if n := asked.Load(); n == 0 || n > tt.most {
				t.Errorf("the token server was asked %d times, want 1 to %d", n, tt.most)
			}
		})
	}
}

// tokenRegistry takes the token "t" and no other.
func tokenRegistry(realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"tags":["1"]}`)
	}
}

// Twenty endless bodies at once hold no more than their bound each.
func TestEndlessBodiesAtOnce(t *testing.T) {
	server := lies(t, hugeBody)
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain, c.MaxBody = secretKeys(), 1<<20 })
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			wantKind(t, tags(client, fmt.Sprintf("%s/app%d", server.Host(), i))(t.Context()), registry.ErrBadAnswer)
		})
	}
	wg.Wait()
}
