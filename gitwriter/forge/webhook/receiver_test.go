package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/webhook"
	"github.com/towline-dev/towline/internal/hook"
	"github.com/towline-dev/towline/internal/secret"
)

const (
	key = "correct horse battery staple"
	// The example of the signatures that GitLab makes, with its key.
	// https://docs.svix.com/receiving/verifying-payloads/how-manual
	exampleToken = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // #nosec G101 -- an example for everybody
	exampleID    = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleTime  = 1614265330
	exampleBody  = `{"test": 2432232314}`
	exampleSum   = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

// heard is what a receiver has told.
type heard struct {
	mu      sync.Mutex
	events  []webhook.Event
	results []hook.Result
	log     bytes.Buffer
}

func receiver(t *testing.T, c webhook.Config) (*webhook.Receiver, *heard) {
	t.Helper()
	h := &heard{}
	c.Notify = func(events []webhook.Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = append(h.events, events...)
	}
	c.Observe = func(r hook.Result) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.results = append(h.results, r)
	}
	c.Log = slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Now = func() time.Time { return time.Unix(exampleTime+200, 0) }
	if c.Secret.IsZero() {
		c.Secret = secret.New(key)
	}
	r, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r, h
}

func send(t *testing.T, r http.Handler, header http.Header, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/x", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, req)
	return answer
}

func sum(body, with string) string {
	mac := hmac.New(sha256.New, []byte(with))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// standard signs as GitLab does with a signing token.
func standard(t *testing.T, id string, at int64, body, token string) string {
	t.Helper()
	with, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(token, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(sum(fmt.Sprintf("%s.%d.%s", id, at, body), string(with)))
	if err != nil {
		t.Fatal(err)
	}
	return "v1," + base64.StdEncoding.EncodeToString(raw)
}

func TestVerification(t *testing.T) {
	pushed := github(`"ref":"refs/heads/main"`)
	lab := gitlab(`"object_kind":"push","ref":"refs/heads/main"`)
	form := "payload=" + url.QueryEscape(pushed)
	gh := func(signature, contentType string) http.Header {
		return http.Header{"X-Github-Event": {"push"}, "X-Hub-Signature-256": {signature}, "Content-Type": {contentType}}
	}
	tea := func(name, signature string) http.Header {
		return http.Header{"X-Gitea-Event": {"push"}, name: {signature}}
	}
	std := func(at int64, signature string) http.Header {
		return http.Header{"Webhook-Id": {exampleID}, "Webhook-Timestamp": {strconv.FormatInt(at, 10)}, "Webhook-Signature": {signature}}
	}
	signing := webhook.Config{Type: webhook.GitLab, Auth: webhook.HMAC, Secret: secret.New(exampleToken)}
	labSum := standard(t, exampleID, exampleTime, lab, exampleToken)
	const json, urlencoded = "application/json", "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name   string
		config webhook.Config
		header http.Header
		body   string
		want   int
	}{
		{"GitHub", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum(pushed, key), json), pushed, 202},
		{"GitHub, a form", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum(form, key), urlencoded), form, 202},
		{"GitHub, a form signed by its content", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum(pushed, key), urlencoded), form, 401},
		{"GitHub, an unreadable form", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum("payload=%zz", key), urlencoded), "payload=%zz", 400},
		{"GitHub, another body", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum(pushed, key), json), pushed + " ", 401},
		{"GitHub, another key", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum(pushed, "x"), json), pushed, 401},
		{"GitHub, no key", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum(pushed, ""), json), pushed, 401},
		{"GitHub, no signature", webhook.Config{Type: webhook.GitHub}, gh("", json), pushed, 401},
		{"GitHub, half a signature", webhook.Config{Type: webhook.GitHub}, gh("sha256="+sum(pushed, key)[:32], json), pushed, 401},
		{"GitHub, Gitea's signature", webhook.Config{Type: webhook.GitHub}, tea("X-Gitea-Signature", sum(pushed, key)), pushed, 401},
		{"GitHub, a token", webhook.Config{Type: webhook.GitHub}, http.Header{"X-Gitlab-Token": {key}}, pushed, 401},
		{"Gitea", webhook.Config{Type: webhook.Gitea}, tea("X-Hub-Signature-256", "sha256="+sum(pushed, key)), pushed, 202},
		{"Gitea, its own header", webhook.Config{Type: webhook.Gitea}, tea("X-Gitea-Signature", sum(pushed, key)), pushed, 202},
		{"Forgejo, its own header", webhook.Config{Type: webhook.Gitea}, tea("X-Forgejo-Signature", sum(pushed, key)), pushed, 202},
		{"Gitea, without a secret", webhook.Config{Type: webhook.Gitea}, tea("X-Gitea-Signature", ""), pushed, 401},
		{"Gitea, another key", webhook.Config{Type: webhook.Gitea}, tea("X-Gitea-Signature", sum(pushed, "x")), pushed, 401},
		{"GitLab", webhook.Config{Type: webhook.GitLab}, http.Header{"X-Gitlab-Token": {key}}, lab, 202},
		{"GitLab, another token", webhook.Config{Type: webhook.GitLab}, http.Header{"X-Gitlab-Token": {key + "r"}}, lab, 401},
		{"GitLab, no token", webhook.Config{Type: webhook.GitLab}, nil, lab, 401},
		{"GitLab, a signature for a token", webhook.Config{Type: webhook.GitLab}, gh("sha256="+sum(lab, key), json), lab, 401},
		{"GitLab, the example", signing, std(exampleTime, exampleSum), exampleBody, 204},
		{"GitLab, signed", signing, std(exampleTime, labSum), lab, 202},
		{"GitLab, one of two signatures", signing, std(exampleTime, exampleSum+" v1a,x "+labSum), lab, 202},
		{"GitLab, another body", signing, std(exampleTime, labSum), lab + " ", 401},
		{"GitLab, another time", signing, std(exampleTime+1, labSum), lab, 401},
		{"GitLab, of long ago", signing, std(exampleTime-101, standard(t, exampleID, exampleTime-101, lab, exampleToken)), lab, 401},
		{"GitLab, of the future", signing, std(exampleTime+501, standard(t, exampleID, exampleTime+501, lab, exampleToken)), lab, 401},
		{"GitLab, of another version", signing, std(exampleTime, strings.Replace(labSum, "v1,", "v2,", 1)), lab, 401},
		{"GitLab, no signature", signing, std(exampleTime, ""), lab, 401},
		{"GitLab, the token in place of a signature", signing, http.Header{"X-Gitlab-Token": {exampleToken}}, lab, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, h := receiver(t, tt.config)
			answer := send(t, r, tt.header, tt.body)
			if answer.Code != tt.want {
				t.Errorf("answered %d %q, want %d", answer.Code, answer.Body, tt.want)
			}
			var want []webhook.Event
			if tt.want == 202 {
				want = []webhook.Event{{Kind: webhook.Pushed, Repository: where, Branch: "main", Sender: "alice"}}
			}
			if diff := cmp.Diff(want, h.events); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			for _, hidden := range []string{key, exampleToken, "acme"} {
				if strings.Contains(answer.Body.String(), hidden) || hidden != "acme" && strings.Contains(h.log.String(), hidden) {
					t.Errorf("the answer %q or the log %q tells too much", answer.Body, &h.log)
				}
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, encoding, body string
		want                              int
		result                            hook.Result
	}{
		{"event", "application/json", "", gitlab(`"object_kind":"push","ref":"refs/heads/main"`), 202, hook.Accepted},
		{"nothing of interest", "application/json", "", `{}`, 204, hook.Ignored},
		{"form", "application/x-www-form-urlencoded", "", "payload=%7B%7D", 415, hook.Refused},
		{"gzip", "application/json", "gzip", "\x1f\x8b", 415, hook.Refused},
		{"not JSON", "application/json", "", "{", 400, hook.Malformed},
		{"deep", "application/json", "", strings.Repeat("[", webhook.MaxBody), 400, hook.Malformed},
		{"too long", "application/json", "", strings.Repeat(" ", webhook.MaxBody+1), 413, hook.Refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, h := receiver(t, webhook.Config{Type: webhook.GitLab})
			answer := send(t, r, http.Header{"X-Gitlab-Token": {key}, "Content-Type": {tt.contentType}, "Content-Encoding": {tt.encoding}}, tt.body)
			if answer.Code != tt.want {
				t.Errorf("answered %d %q, want %d", answer.Code, answer.Body, tt.want)
			}
			if diff := cmp.Diff([]hook.Result{tt.result}, h.results); diff != "" {
				t.Errorf("observed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDeliveries holds that a delivery which comes again is answered alike and tells
// nothing, and that nobody can keep one away by sending its ID first.
func TestDeliveries(t *testing.T) {
	for of, header := range map[webhook.Type]string{webhook.GitHub: "X-GitHub-Delivery", webhook.Gitea: "X-Gitea-Delivery", webhook.GitLab: "Idempotency-Key"} {
		t.Run(string(of), func(t *testing.T) {
			r, h := receiver(t, webhook.Config{Type: of})
			deliver := func(id, branch, with string) int {
				body := github(fmt.Sprintf(`"ref":"refs/heads/%s","object_kind":"push","project":{"web_url":"https://git.example.com/acme/deploy"}`, branch))
				return send(t, r, http.Header{
					header: {id}, "X-Gitlab-Token": {with}, "X-Hub-Signature-256": {"sha256=" + sum(body, with)},
					"X-GitHub-Event": {"push"}, "X-Gitea-Event": {"push"},
				}, body).Code
			}
			codes := []int{
				deliver("1", "main", "a wrong key"), deliver("1", "other", key), deliver("1", "main", key), deliver("1", "main", key),
				deliver("", "main", key), deliver("", "main", key), deliver("2", "main", key),
			}
			if diff := cmp.Diff([]int{401, 202, 202, 202, 202, 202, 202}, codes); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			var told []string
			for _, e := range h.events {
				told = append(told, e.Branch)
			}
			if diff := cmp.Diff([]string{"other", "main", "main", "main", "main"}, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	whole := webhook.Config{Type: webhook.GitLab, Secret: secret.New(exampleToken), Notify: func([]webhook.Event) {}}
	for _, tt := range []struct {
		name   string
		change func(*webhook.Config)
		want   string
	}{
		{"no secret", func(c *webhook.Config) { c.Secret = secret.New("") }, "needs a secret"},
		{"a registry's type", func(c *webhook.Config) { c.Type = "gitea" }, "isn't known"},
		{"no type", func(c *webhook.Config) { c.Type = "" }, "isn't known"},
		{"what the forge can't", func(c *webhook.Config) { c.Type, c.Auth = webhook.GitHub, webhook.Token }, "can't authenticate"},
		{"a secret token for a signing token", func(c *webhook.Config) { c.Auth, c.Secret = webhook.HMAC, secret.New(key) }, "whsec_"},
		{"an empty signing token", func(c *webhook.Config) { c.Auth, c.Secret = webhook.HMAC, secret.New("whsec_") }, "whsec_"},
		{"nobody to tell", func(c *webhook.Config) { c.Notify = nil }, "notify"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := whole
			tt.change(&c)
			if _, err := webhook.New(c); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), key) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	for _, of := range webhook.Types() {
		for _, auth := range of.Auths() {
			c := whole
			c.Type, c.Auth = of, auth
			if _, err := webhook.New(c); err != nil {
				t.Errorf("%s by %s: %v", of, auth, err)
			}
		}
	}
}
