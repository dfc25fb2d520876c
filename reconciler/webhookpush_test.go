package reconciler_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/reconciler"
)

// The bodies, cut to what matters, are as the forges document and send them.
const (
	githubTag   = `{"ref":"refs/tags/v1.2.0","repository":{"clone_url":"https://github.com/acme/deploy.git"}}`
	giteaCreate = `{"ref":"v1.2.0","ref_type":"tag","repository":{"clone_url":"https://git.example.com/acme/deploy.git"}}`
	giteaDelete = `{"ref":"release/1.x","ref_type":"branch","repository":{"clone_url":"https://git.example.com/acme/deploy.git"}}`
	gitlabPush  = `{"object_kind":"push","ref":"refs/heads/main","project":{"git_http_url":"https://gitlab.com/acme/deploy.git","git_ssh_url":"git@gitlab.com:acme/deploy.git"}}`
	gitlabTag   = `{"object_kind":"tag_push","ref":"refs/tags/v1.2.0","project":{"git_http_url":"https://gitlab.com/acme/deploy.git"}}`
	gitlabIssue = `{"object_kind":"issue","project":{"git_http_url":"https://gitlab.com/acme/deploy.git"}}`
)

// signingToken is a key as GitLab makes one.
func signingToken() string { return "whsec_" + base64.StdEncoding.EncodeToString([]byte(key)) }

// standard signs the push of a tag as GitLab does with a signing token.
func standard(at time.Time) http.Header {
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("msg_1." + stamp + "." + gitlabTag))
	return http.Header{
		"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {stamp}, "X-Gitlab-Event": {"Push Hook"},
		"Webhook-Signature": {"v1,AAAA v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
}

func TestWebhookForges(t *testing.T) {
	signed := func(event, body string) http.Header {
		return http.Header{"X-Hub-Signature-256": {"sha256=" + sign(body)}, event: {map[bool]string{true: "create", false: "push"}[body == giteaCreate]}}
	}
	deleted := signed("X-Gitea-Event", giteaDelete)
	deleted.Set("X-Gitea-Event", "delete")
	token := func(token string) http.Header {
		return http.Header{"X-Gitlab-Token": {token}, "X-Gitlab-Event": {"Push Hook"}}
	}
	gitlab := []string{"https://gitlab.com/acme/deploy.git"}
	now := time.Now()
	for _, tt := range []struct {
		name   string
		key    string
		body   string
		header http.Header
		code   int
		want   []reconciler.Push
	}{
		{"GitHub's tag", key, githubTag, signed("X-Github-Event", githubTag), 202, []reconciler.Push{{URLs: []string{"https://github.com/acme/deploy.git"}, Tag: "v1.2.0"}}},
		{"Gitea's tag", key, giteaCreate, signed("X-Gitea-Event", giteaCreate), 202, []reconciler.Push{{URLs: []string{"https://git.example.com/acme/deploy.git"}, Tag: "v1.2.0"}}},
		{"Forgejo", key, giteaCreate, signed("X-Forgejo-Event", giteaCreate), 202, []reconciler.Push{{URLs: []string{"https://git.example.com/acme/deploy.git"}, Tag: "v1.2.0"}}},
		{"deleted branch", key, giteaDelete, deleted, 202, []reconciler.Push{{URLs: []string{"https://git.example.com/acme/deploy.git"}, Branch: "release/1.x"}}},
		{"GitLab", key, gitlabPush, token(key), 202, []reconciler.Push{{URLs: append(gitlab, "git@gitlab.com:acme/deploy.git"), Branch: "main"}}},
		{"GitLab's tag", key, gitlabTag, token(key), 202, []reconciler.Push{{URLs: gitlab, Tag: "v1.2.0"}}},
		{"GitLab's issue", key, gitlabIssue, token(key), 202, nil},
		{"GitLab, wrong token", key, gitlabPush, token("another key"), 401, nil},
		{"GitLab, beginning of the token", key, gitlabPush, token(key[:3]), 401, nil},
		{"GitLab, no token", key, gitlabPush, token(""), 401, nil},
		{"signing token", signingToken(), gitlabTag, standard(now), 202, []reconciler.Push{{URLs: gitlab, Tag: "v1.2.0"}}},
		{"signing token, other body", signingToken(), gitlabPush, standard(now), 401, nil},
		{"signing token, old", signingToken(), gitlabTag, standard(now.Add(-time.Hour)), 401, nil},
		{"signature, and no signing token", key, gitlabTag, standard(now), 401, nil},
		{"not JSON", key, "ref=refs", token(key), 400, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []reconciler.Push
			hook, err := reconciler.NewWebhook(secret.New(tt.key), func(p reconciler.Push) int { got = append(got, p); return 1 })
			if err != nil {
				t.Fatal(err)
			}
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook", strings.NewReader(tt.body))
			request.Header = tt.header
			answer := httptest.NewRecorder()
			hook.ServeHTTP(answer, request)
			if answer.Code != tt.code {
				t.Errorf("answered %d %q, want %d", answer.Code, answer.Body, tt.code)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("triggered (-want +got):\n%s", diff)
			}
		})
	}
}
