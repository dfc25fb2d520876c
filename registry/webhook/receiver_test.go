package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/registry/webhook"
)

const (
	key       = "correct horse battery staple"
	ghcrBody  = `{"action":"published","package":{"package_type":"CONTAINER","package_version":{"package_url":"ghcr.io/acme/web:1.2.0"}}}`
	acrBody   = `{"action":"push","target":{"repository":"shop/web","tag":"1.2.0"},"request":{"host":"acme.azurecr.io"}}`
	quayBody  = `{"docker_url":"quay.io/acme/web","updated_tags":["1.2.0"]}`
	plainJSON = "application/json"
)

// sign gives the signature of ghcrBody.
func sign(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(ghcrBody))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// heard is what a receiver has told.
type heard struct {
	mu      sync.Mutex
	pushes  []webhook.Push
	results []webhook.Result
}

func (h *heard) notify(pushes []webhook.Push) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pushes = append(h.pushes, pushes...)
}

func (h *heard) observe(r webhook.Result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.results = append(h.results, r)
}

func receiver(t *testing.T, c webhook.Config) (*webhook.Receiver, *heard) {
	t.Helper()
	h := &heard{}
	c.Notify, c.Observe = h.notify, h.observe
	if c.Secret.IsZero() {
		c.Secret = secret.New(key)
	}
	r, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r, h
}

func TestVerification(t *testing.T) {
	basic := func(user, password string) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	hmacOf := webhook.Config{Kind: webhook.GHCR}
	token := webhook.Config{Kind: webhook.ACR}
	basicOf := webhook.Config{Kind: webhook.ACR, Auth: webhook.Basic, Username: "acr"}
	query := webhook.Config{Kind: webhook.Quay}
	for _, tt := range []struct {
		name   string
		config webhook.Config
		header http.Header
		query  string
		body   string
		want   int
	}{
		{"HMAC", hmacOf, http.Header{"X-Hub-Signature-256": {sign(key)}}, "", ghcrBody, 202},
		{"HMAC of a changed body", hmacOf, http.Header{"X-Hub-Signature-256": {sign(key)}}, "", ghcrBody + " ", 401},
		{"HMAC with another key", hmacOf, http.Header{"X-Hub-Signature-256": {sign("another")}}, "", ghcrBody, 401},
		{"HMAC with no key", hmacOf, http.Header{"X-Hub-Signature-256": {sign("")}}, "", ghcrBody, 401},
		{"HMAC, cut off", hmacOf, http.Header{"X-Hub-Signature-256": {sign(key)[:20]}}, "", ghcrBody, 401},
		{"HMAC, empty", hmacOf, http.Header{"X-Hub-Signature-256": {"sha256="}}, "", ghcrBody, 401},
		{"HMAC, no hex", hmacOf, http.Header{"X-Hub-Signature-256": {"sha256=" + strings.Repeat("z", 64)}}, "", ghcrBody, 401},
		{"HMAC, no algorithm", hmacOf, http.Header{"X-Hub-Signature-256": {strings.TrimPrefix(sign(key), "sha256=")}}, "", ghcrBody, 401},
		{"HMAC, the old one", hmacOf, http.Header{"X-Hub-Signature": {"sha1=0"}}, "", ghcrBody, 401},
		{"HMAC, none, not JSON", hmacOf, nil, "", "{", 401},
		{"HMAC, but a token", hmacOf, http.Header{"Authorization": {key}}, "", ghcrBody, 401},
		{"token", token, http.Header{"Authorization": {"Bearer " + key}}, "", acrBody, 202},
		{"token, in small letters", token, http.Header{"Authorization": {"bearer " + key}}, "", acrBody, 202},
		{"token alone", token, http.Header{"Authorization": {key}}, "", acrBody, 202},
		{"a header of one's own", webhook.Config{Kind: webhook.ACR, Secret: secret.New("Basic eDp5")}, http.Header{"Authorization": {"Basic eDp5"}}, "", acrBody, 202},
		{"token, wrong", token, http.Header{"Authorization": {"Bearer " + key + "r"}}, "", acrBody, 401},
		{"token, part of it", token, http.Header{"Authorization": {"Bearer " + key[:5]}}, "", acrBody, 401},
		{"token, empty", token, http.Header{"Authorization": {"Bearer "}}, "", acrBody, 401},
		{"token, none", token, nil, "", acrBody, 401},
		{"token, in the address", token, nil, "?token=correct+horse+battery+staple", acrBody, 401},
		{"basic", basicOf, http.Header{"Authorization": {basic("acr", key)}}, "", acrBody, 202},
		{"basic, another user", basicOf, http.Header{"Authorization": {basic("bcr", key)}}, "", acrBody, 401},
		{"basic, another password", basicOf, http.Header{"Authorization": {basic("acr", "")}}, "", acrBody, 401},
		{"basic, none", basicOf, nil, "", acrBody, 401},
		{"basic, unreadable", basicOf, http.Header{"Authorization": {"Basic !"}}, "", acrBody, 401},
		{"query", query, nil, "?token=correct+horse+battery+staple", quayBody, 202},
		{"query, beside others", query, nil, "?a=b&token=correct%20horse%20battery%20staple", quayBody, 202},
		{"query, wrong", query, nil, "?token=x", quayBody, 401},
		{"query, empty", query, nil, "?token=", quayBody, 401},
		{"query, none", query, nil, "", quayBody, 401},
		{"query, unreadable", query, nil, "?token=%zz", quayBody, 401},
		{"query, in the header", query, http.Header{"Authorization": {key}}, "", quayBody, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, h := receiver(t, tt.config)
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/x"+tt.query, strings.NewReader(tt.body))
			for name, values := range tt.header {
				req.Header[name] = values
			}
			req.Header.Set("Content-Type", plainJSON)
			req.Header.Set("X-GitHub-Event", "package")
			answer := httptest.NewRecorder()
			r.ServeHTTP(answer, req)
			if answer.Code != tt.want {
				t.Errorf("answered %d %q, want %d", answer.Code, answer.Body, tt.want)
			}
			if told := len(h.pushes) == 1; told != (tt.want == 202) {
				t.Errorf("told of %v", h.pushes)
			}
			if strings.Contains(answer.Body.String(), "web") {
				t.Errorf("the answer has something of the body: %q", answer.Body)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, method, contentType, encoding, body string
		want                                      int
		result                                    webhook.Result
	}{
		{"push", "POST", plainJSON, "", acrBody, 202, webhook.Accepted},
		{"with a charset", "POST", "application/json; charset=UTF-8", "", acrBody, 202, webhook.Accepted},
		{"of a special type", "POST", "application/vnd.docker.distribution.events.v2+json", "identity", acrBody, 202, webhook.Accepted},
		{"nothing of interest", "POST", plainJSON, "", `{"action":"ping"}`, 204, webhook.Ignored},
		{"GET", "GET", plainJSON, "", "", 405, webhook.Refused},
		{"PUT", "PUT", plainJSON, "", acrBody, 405, webhook.Refused},
		{"form", "POST", "application/x-www-form-urlencoded", "", "payload=%7B%7D", 415, webhook.Refused},
		{"text that is JSON", "POST", "text/x+json", "", acrBody, 415, webhook.Refused},
		{"another charset", "POST", "application/json; charset=utf-16", "", acrBody, 415, webhook.Refused},
		{"no type", "POST", "", "", acrBody, 415, webhook.Refused},
		{"gzip", "POST", plainJSON, "gzip", "\x1f\x8b", 415, webhook.Refused},
		{"not JSON", "POST", plainJSON, "", "{", 400, webhook.Malformed},
		{"deep", "POST", plainJSON, "", strings.Repeat("[", webhook.MaxBody), 400, webhook.Malformed},
		{"as long as may be", "POST", plainJSON, "", acrBody + strings.Repeat(" ", webhook.MaxBody-len(acrBody)), 202, webhook.Accepted},
		{"too long", "POST", plainJSON, "", acrBody + strings.Repeat(" ", webhook.MaxBody), 413, webhook.Refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, h := receiver(t, webhook.Config{Kind: webhook.ACR})
			// The reader hides its length, so that the bound is met while reading.
			body := struct{ *strings.Reader }{strings.NewReader(tt.body)}
			req := httptest.NewRequestWithContext(t.Context(), tt.method, "/webhooks/acr", body)
			req.Header.Set("Authorization", "Bearer "+key)
			req.Header.Set("Content-Type", tt.contentType)
			req.Header.Set("Content-Encoding", tt.encoding)
			answer := httptest.NewRecorder()
			r.ServeHTTP(answer, req)
			if answer.Code != tt.want {
				t.Errorf("answered %d %q, want %d", answer.Code, answer.Body, tt.want)
			}
			if diff := cmp.Diff([]webhook.Result{tt.result}, h.results); diff != "" {
				t.Errorf("observed (-want +got):\n%s", diff)
			}
			if tt.want == 405 && answer.Header().Get("Allow") != "POST" {
				t.Error("the answer doesn't say what is allowed")
			}
		})
	}
}

// TestRepeated holds that a request that was recorded and sent again says the same and
// nothing else: what it names is told again, and can't be changed.
func TestRepeated(t *testing.T) {
	r, h := receiver(t, webhook.Config{Kind: webhook.GHCR})
	send := func(body string) int {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		req.Header.Set("Content-Type", plainJSON)
		req.Header.Set("X-GitHub-Event", "package")
		req.Header.Set("X-Hub-Signature-256", sign(key))
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, req)
		return answer.Code
	}
	codes := []int{send(ghcrBody), send(ghcrBody), send(strings.Replace(ghcrBody, "acme", "evil", 1))}
	if diff := cmp.Diff([]int{202, 202, 401}, codes); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	want := undigested("ghcr.io/acme/web", "1.2.0", "1.2.0")
	if diff := cmp.Diff(want, h.pushes); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestNewRefuses(t *testing.T) {
	whole := webhook.Config{Kind: webhook.Harbor, Secret: secret.New(key), Notify: func([]webhook.Push) {}}
	for _, tt := range []struct {
		name   string
		change func(*webhook.Config)
		want   string
	}{
		{"no secret", func(c *webhook.Config) { c.Secret = secret.New("") }, "needs a secret"},
		{"another kind", func(c *webhook.Config) { c.Kind = "nexus" }, "isn't known"},
		{"no kind", func(c *webhook.Config) { c.Kind = "" }, "isn't known"},
		{"what the sender can't", func(c *webhook.Config) { c.Auth = webhook.HMAC }, "can't authenticate"},
		{"a query where it isn't needed", func(c *webhook.Config) { c.Auth = webhook.Query }, "can't authenticate"},
		{"basic without a user", func(c *webhook.Config) { c.Auth = webhook.Basic }, "user name"},
		{"a user without basic", func(c *webhook.Config) { c.Username = "x" }, "user name"},
		{"nobody to tell", func(c *webhook.Config) { c.Notify = nil }, "notify"},
		{"a registry with a path", func(c *webhook.Config) { c.Registry = "harbor.example.com/shop" }, "isn't a host"},
		{"an address for a registry", func(c *webhook.Config) { c.Registry = "https://harbor.example.com" }, "isn't a host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := whole
			tt.change(&c)
			if _, err := webhook.New(c); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := webhook.New(whole); err != nil {
		t.Errorf("the whole configuration is refused: %v", err)
	}
}

// TestEveryKind holds that each kind can be received, by each of its ways.
func TestEveryKind(t *testing.T) {
	for _, kind := range webhook.Kinds() {
		for _, auth := range kind.Auths() {
			c := webhook.Config{Kind: kind, Auth: auth}
			if auth == webhook.Basic {
				c.Username = "registry"
			}
			receiver(t, c)
		}
	}
}
