package reconciler_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/reconciler"
	"github.com/towline-dev/towline/reconciler/build/plain"
	"github.com/towline-dev/towline/reconciler/build/render"
)

const key = "a key"

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

const pushBody = `{"ref":"refs/heads/release/1.x","repository":{"clone_url":"https://git.example.com/acme/deploy.git"}}`

func TestWebhook(t *testing.T) {
	github := func(body string) http.Header {
		return http.Header{"X-Hub-Signature-256": {"sha256=" + sign(body)}, "X-Github-Event": {"push"}}
	}
	gitea := func(body string) http.Header {
		return http.Header{"X-Gitea-Signature": {sign(body)}, "X-Gitea-Event": {"push"}}
	}
	without := func(h http.Header, name string) http.Header {
		h.Del(name)
		return h
	}
	with := func(h http.Header, name, value string) http.Header {
		h.Set(name, value)
		return h
	}
	for _, tt := range []struct {
		name    string
		method  string
		body    string
		header  http.Header
		code    int
		trigger bool
	}{
		{"GitHub", http.MethodPost, pushBody, github(pushBody), http.StatusAccepted, true},
		{"Gitea", http.MethodPost, pushBody, gitea(pushBody), http.StatusAccepted, true},
		{"no signature", http.MethodPost, pushBody, without(github(pushBody), "X-Hub-Signature-256"), http.StatusUnauthorized, false},
		{"other body's signature", http.MethodPost, pushBody, github(pushBody + " "), http.StatusUnauthorized, false},
		{"signature of nothing", http.MethodPost, pushBody, with(github(pushBody), "X-Hub-Signature-256", "sha256="), http.StatusUnauthorized, false},
		{"SHA-1", http.MethodPost, pushBody, with(without(github(pushBody), "X-Hub-Signature-256"), "X-Hub-Signature", "sha1="+sign(pushBody)), http.StatusUnauthorized, false},
		{"not JSON, not signed", http.MethodPost, "{", http.Header{"X-Github-Event": {"push"}}, http.StatusUnauthorized, false},
		{"not JSON", http.MethodPost, "{", github("{"), http.StatusBadRequest, false},
		{"ping", http.MethodPost, pushBody, with(github(pushBody), "X-GitHub-Event", "ping"), http.StatusAccepted, false},
		{"notes", http.MethodPost, `{"ref":"refs/notes/commits"}`, github(`{"ref":"refs/notes/commits"}`), http.StatusAccepted, false},
		{"GET", http.MethodGet, "", github(""), http.StatusMethodNotAllowed, false},
		{"too large", http.MethodPost, strings.Repeat(" ", 5<<20+1), github(""), http.StatusRequestEntityTooLarge, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []reconciler.Push
			hook, err := reconciler.NewWebhook(secret.New(key), func(p reconciler.Push) int {
				got = append(got, p)
				return 1
			})
			if err != nil {
				t.Fatal(err)
			}
			request := httptest.NewRequestWithContext(t.Context(), tt.method, "/webhook", strings.NewReader(tt.body))
			request.Header = tt.header
			answer := httptest.NewRecorder()
			hook.ServeHTTP(answer, request)
			if answer.Code != tt.code {
				t.Errorf("answered %d %q, want %d", answer.Code, answer.Body, tt.code)
			}
			var want []reconciler.Push
			if tt.trigger {
				want = []reconciler.Push{{URLs: []string{"https://git.example.com/acme/deploy.git"}, Branch: "release/1.x"}}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("triggered (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWebhookDeliveries holds that a delivery that comes again triggers once, and
// that the memory of deliveries is bounded.
func TestWebhookDeliveries(t *testing.T) {
	triggered := 0
	hook, err := reconciler.NewWebhook(secret.New(key), func(reconciler.Push) int { triggered++; return 1 })
	if err != nil {
		t.Fatal(err)
	}
	deliver := func(id string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook", bytes.NewReader([]byte(pushBody)))
		request.Header.Set("X-Gitea-Signature", sign(pushBody))
		request.Header.Set("X-Gitea-Event", "push")
		request.Header.Set("X-Gitea-Delivery", id)
		hook.ServeHTTP(httptest.NewRecorder(), request)
	}
	deliver("first")
	deliver("first")
	if triggered != 1 {
		t.Errorf("triggered %d times, want once", triggered)
	}
	for i := range 2000 {
		deliver(fmt.Sprint(i))
	}
	deliver("first")
	if triggered != 2002 {
		t.Errorf("triggered %d times, want 2002: the first was long ago", triggered)
	}
}

func TestWebhookWithoutSecret(t *testing.T) {
	if _, err := reconciler.NewWebhook(secret.String{}, func(reconciler.Push) int { return 0 }); err == nil {
		t.Error("a webhook without a secret was made")
	}
}

func TestPushMatches(t *testing.T) {
	const deploy = "https://git.example.com/acme/deploy.git"
	branch := func(name string) gitrepo.Ref { return gitrepo.Ref{Kind: gitrepo.KindBranch, Name: name} }
	main := branch("main")
	for _, tt := range []struct {
		name, pushed, address string
		branch, tag           string
		ref                   gitrepo.Ref
		want                  bool
	}{
		{"without .git", deploy, "https://git.example.com/acme/deploy", "main", "", main, true},
		{"slash at the end", "https://git.example.com/acme/deploy", "https://git.example.com/acme/deploy.git/", "main", "", main, true},
		{"another host", "https://git.example.com/Acme/Deploy.git", "http://gitea.git.svc:3000/acme/deploy.git", "main", "", main, true},
		{"forge below a path", "https://example.com/git/acme/deploy.git", "http://gitea/acme/deploy.git", "main", "", main, true},
		{"ssh", deploy, "ssh://git@git.example.com:2222/acme/deploy.git", "main", "", main, true},
		{"short ssh", deploy, "git@git.example.com:acme/deploy.git", "main", "", main, true},
		{"another branch", deploy, "https://git.example.com/acme/deploy", "main", "", branch("other"), false},
		{"another name", deploy, "https://git.example.com/acme/deployment", "main", "", main, false},
		{"another owner", "https://git.example.com/evil/deploy.git", "https://git.example.com/acme/deploy", "main", "", main, false},
		{"no address", "", "https://git.example.com/", "main", "", main, false},
		{"bad address", "://", "https://git.example.com/acme/deploy", "main", "", main, false},
		{"tag of a branch's name", deploy, deploy, "", "main", main, false},
		{"tag", deploy, deploy, "", "v1", gitrepo.Ref{Kind: gitrepo.KindTag, Name: "v1"}, true},
		{"another tag", deploy, deploy, "", "v2", gitrepo.Ref{Kind: gitrepo.KindTag, Name: "v1"}, false},
		{"any tag for a range", deploy, deploy, "", "v2", gitrepo.Ref{Kind: gitrepo.KindSemver, Name: ">=1"}, true},
		{"branch for a range", deploy, deploy, "main", "", gitrepo.Ref{Kind: gitrepo.KindSemver, Name: ">=1"}, false},
		{"anything for a commit", deploy, deploy, "main", "", gitrepo.Ref{Kind: gitrepo.KindCommit, Name: strings.Repeat("1", 40)}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := reconciler.Push{URLs: []string{tt.pushed}, Branch: tt.branch, Tag: tt.tag}
			if got := p.Matches(tt.address, tt.ref); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestRunRefusesIncompleteConfig(t *testing.T) {
	whole := reconciler.Config{REST: &rest.Config{Host: "https://127.0.0.1:1"}, CacheDir: t.TempDir(), Builder: render.New(render.Config{Kinds: []render.Kind{{Name: "plain", Builder: plain.Builder{}}}})}
	for _, tt := range []struct {
		name   string
		change func(*reconciler.Config)
	}{
		{"no cluster", func(c *reconciler.Config) { c.REST = nil }},
		{"no cache", func(c *reconciler.Config) { c.CacheDir = "" }},
		{"no builder", func(c *reconciler.Config) { c.Builder = nil }},
		{"webhook without secret", func(c *reconciler.Config) { c.WebhookBind = "127.0.0.1:0" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := whole
			tt.change(&config)
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("Run went further than it should"))
			if err := reconciler.Run(ctx, config); err == nil || !strings.HasPrefix(err.Error(), "configuring the reconciler: ") {
				t.Errorf("error %v, want one about the configuration", err)
			}
		})
	}
}

// TestWebhookFlood holds that bodies which nobody signed can't fill the memory: of
// many at once all but some are turned away, and once they are gone all is well.
func TestWebhookFlood(t *testing.T) {
	hook, err := reconciler.NewWebhook(secret.New(key), func(reconciler.Push) int { return 1 })
	if err != nil {
		t.Fatal(err)
	}
	send := func(body io.Reader) int {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook", body)
		request.Header = http.Header{"X-Hub-Signature-256": {"sha256=" + sign(pushBody)}, "X-Github-Event": {"push"}}
		answer := httptest.NewRecorder()
		hook.ServeHTTP(answer, request)
		return answer.Code
	}
	const flood = 100
	body, end := io.Pipe() // no byte of it comes until it is closed
	codes := make(chan int, flood)
	for range flood {
		go func() { codes <- send(body) }()
	}
	if got := <-codes; got != http.StatusTooManyRequests {
		t.Errorf("status %d, want 429", got)
	}
	_ = end.Close() // never fails
	for range flood - 1 {
		<-codes
	}
	if got := send(strings.NewReader(pushBody)); got != http.StatusAccepted {
		t.Errorf("status %d after the flood, want 202", got)
	}
}
