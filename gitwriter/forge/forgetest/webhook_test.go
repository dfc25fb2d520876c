package forgetest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/secret"
)

const hookSecret = "hook-secret"

// receiver keeps what webhooks bring, after a look at the signature.
type receiver struct {
	t      *testing.T
	url    string
	fail   int // how many deliveries are refused first
	mu     sync.Mutex
	events []string
	bodies []map[string]any
	ids    map[string]bool
}

func newReceiver(t *testing.T, fail int) *receiver {
	t.Helper()
	r := &receiver{t: t, fail: fail, ids: map[string]bool{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
	}
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write(body)
	if got, want := req.Header.Get("X-Hub-Signature-256"), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		r.t.Errorf("signature %q, want %q", got, want)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail > 0 {
		r.fail--
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		r.t.Error(err)
	}
	name := req.Header.Get("X-GitHub-Event")
	if action, ok := event["action"].(string); ok {
		name += " " + action
	}
	r.events, r.bodies = append(r.events, name), append(r.bodies, event)
	id := req.Header.Get("X-GitHub-Delivery")
	if id == "" || r.ids[id] {
		r.t.Errorf("the delivery %q isn't named, or named twice", id)
	}
	r.ids[id] = true
}

func (r *receiver) got(server *forgetest.Server) []string {
	r.t.Helper()
	if err := server.Flush(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events
}

// A story, told by its webhooks, in order, in spite of a receiver that is away
// at first.
func TestWebhooksTellTheStory(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	all := newReceiver(t, 2)
	pushes := newReceiver(t, 0)
	server.AddWebhook(forgetest.Webhook{URL: all.url, Secret: secret.New(hookSecret)})
	server.AddWebhook(forgetest.Webhook{URL: pushes.url, Secret: secret.New(hookSecret), Events: []string{"push"}})
	repo := newRepo(t, server)
	commit(t, repo, "topic", "app.yaml", "image: web:1.1.0\n")
	pr := propose(t, server, "topic")
	commit(t, repo, "topic", "app.yaml", "image: web:1.2.0\n")
	f := client(t, server, "acme", "deploy", forgetest.Token)
	title := "Another"
	closed, open := forge.StateClosed, forge.StateOpen
	for _, change := range []forge.Change{{Title: &title}, {Title: &title}, {State: &closed}, {State: &open}} {
		if _, err := f.Update(t.Context(), pr.Number, change); err != nil {
			t.Fatal(err)
		}
	}
	sha, err := repo.Merge(pr.Number, forgetest.MergeCommit)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ping", "push", "push", "pull_request opened", "push", "pull_request synchronize", "pull_request edited",
		"pull_request closed", "pull_request reopened", "pull_request closed", "push",
	}
	if diff := cmp.Diff(want, all.got(server)); diff != "" {
		t.Errorf("all events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ping", "push", "push", "push", "push"}, pushes.got(server)); diff != "" {
		t.Errorf("pushes (-want +got):\n%s", diff)
	}
	last := all.bodies[len(all.bodies)-1]
	repository, _ := last["repository"].(map[string]any)
	if last["ref"] != "refs/heads/main" || last["after"] != sha || repository["clone_url"] != repo.CloneURL() {
		t.Errorf("the last push is to %v, after %v, of %v", last["ref"], last["after"], repository["clone_url"])
	}
	merged, _ := all.bodies[len(all.bodies)-2]["pull_request"].(map[string]any)
	if merged["merged"] != true || merged["merge_commit_sha"] != sha {
		t.Errorf("closed as merged: %v by %v", merged["merged"], merged["merge_commit_sha"])
	}
}

func TestCloseEndsDeliveries(t *testing.T) {
	server, err := forgetest.NewServer(forgetest.Config{Dir: t.TempDir(), WebhookTries: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	server.AddWebhook(forgetest.Webhook{URL: "http://127.0.0.1:1/nobody-listens"})
	server.Close() // hangs, if it doesn't end the tries
	server.Close()
	if _, err := forgetest.NewServer(forgetest.Config{Dir: t.TempDir() + "/missing"}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a server without its directory: %v", err)
	}
}
