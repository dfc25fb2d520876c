package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/e2e/testbed/process"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

// patience bounds every wait for something that is told of; nothing takes this long.
const patience = 2 * time.Minute

// scene is a bot whose one policy looks at its image once a day, and the forge with the
// manifests.
type scene struct {
	*testing.T
	address string // of the bot
	repo    *forgetest.Repo
	asked   chan struct{} // told, without a queue, after each request to the forge
}

// newScene makes the forge, with a Deployment of the image.
func newScene(t *testing.T, address, image string) *scene {
	t.Helper()
	s := &scene{T: t, address: address, asked: make(chan struct{}, 1)}
	forge := forgetest.Start(t, forgetest.Config{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forge.ServeHTTP(w, r)
		select {
		case s.asked <- struct{}{}:
		default: // one is waiting to be taken already
		}
	}))
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
	})
	forge.SetBaseURL(front.URL)
	var err error
	if s.repo, err = forge.CreateRepo("acme", "deploy"); err != nil {
		t.Fatal(err)
	}
	_, err = s.repo.Commit(forgetest.Commit{Branch: "main", Message: "Add hello", Author: "alice", Files: map[string]string{
		"policy.yaml": fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: hello}\nspec:\n  image: %s\n  schedule: '@every 24h'\n  policy: {semver: {range: 1.x}}\n", image),
		"hello.yaml":  fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: hello}\nspec:\n  containers:\n  - name: hello\n    image: %s:1.0.0\n", image),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// startBot runs the bot, with this entry of its webhooks, until the end of the test. It
// has looked at everything once when this returns.
func (s *scene) startBot(host, webhook, secret string) {
	s.Helper()
	startBot(s.T, s.address, "{url: "+s.repo.CloneURL()+", interval: 24h, auth: {tokenEnv: FORGE_TOKEN}, forge: {type: github}}",
		host, webhook, secret, forgetest.Token)
}

// startBot runs a bot with these entries of its repositories, registries and webhooks.
func startBot(t *testing.T, address, repository, host, webhook, secret, token string) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "bot.yaml")
	text := fmt.Sprintf(`apiVersion: towline.dev/v1
kind: BotConfig
stateDir: %q
listen: %q
repositories:
- %s
registries:
- {host: %q, plainHTTP: true}
webhooks:
- %s
`, dir, address, repository, host, webhook)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "bot.log")
	bot, err := process.Start(process.Spec{
		Name: "towline bot", Path: testbed.Towline(t), Args: []string{"bot", "--config", config, "--log-level", "debug"},
		Env: append(os.Environ(), "FORGE_TOKEN="+token, "WEBHOOK_SECRET="+secret), Dir: dir, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		bot.Stop()
		said, err := os.ReadFile(log)
		if err != nil || t.Failed() {
			t.Logf("the bot's log (%v):\n%s", err, said)
		}
		if strings.Contains(string(said), secret) {
			t.Error("the bot's log holds the webhook's secret")
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := bot.Await(ctx, func(ctx context.Context) error {
		_, err := get(ctx, address, "/readyz")
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// get asks the own server of the bot at an address.
func get(ctx context.Context, address, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := new(http.Client).Do(req)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", path, resp.Status)
	}
	return string(text), errors.Join(err, resp.Body.Close())
}

// wantNoPullRequest holds that the update isn't proposed yet.
func (s *scene) wantNoPullRequest() {
	s.Helper()
	if pulls := s.repo.PullRequests(); len(pulls) != 0 {
		s.Fatalf("there are pull requests before anything was announced: %+v", pulls)
	}
}

// awaitPullRequest waits for the update, and that what is announced was counted.
func (s *scene) awaitPullRequest(version, counted string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	for len(s.repo.PullRequests()) == 0 {
		select {
		case <-s.asked:
		case <-ctx.Done():
			s.Fatal("waited in vain for the pull request")
		}
	}
	if pull := s.repo.PullRequests()[0]; !strings.Contains(pull.Title, version) {
		s.Errorf("the pull request is titled %q, want %q in it", pull.Title, version)
	}
	text, err := get(ctx, s.address, "/metrics")
	if err != nil {
		s.Fatal(err)
	}
	if !strings.Contains(text, counted) {
		s.Errorf("the metrics don't have %q:\n%s", counted, text)
	}
}
