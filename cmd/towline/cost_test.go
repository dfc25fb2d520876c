package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/registry/registrytest"
)

// cost counts what is asked of a forge: the listings of branches, other Git requests, and
// those of its interface.
type cost struct {
	mu             sync.Mutex
	refs, git, api int
	told           []string
}

func (c *cost) see(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/info/refs"):
		c.refs++
	case strings.Contains(r.URL.Path, ".git/"):
		c.git++
	default:
		c.api++
	}
	c.told = append(c.told, r.Method+" "+r.URL.RequestURI())
}

// take gives the counts of refs, git and api since the last time.
func (c *cost) take() ([3]int, []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, told := [3]int{c.refs, c.git, c.api}, c.told
	c.refs, c.git, c.api, c.told = 0, 0, 0, nil
	return n, told
}

// TestARoundWithoutNewsCostsTwoRequests, however many policies are due and pull requests
// open: one for the branches, one for what has changed at the forge.
func TestARoundWithoutNewsCostsTwoRequests(t *testing.T) {
	const images = 20
	var seen cost
	forge := forgetest.Start(t, forgetest.Config{OnRequest: seen.see, Users: []forgetest.User{
		{Login: "towline", Token: secret.New("bot-token"), Permission: forgetest.PermissionWrite},
	}})
	registry := registrytest.New(t, registrytest.Options{})
	repo, err := forge.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{".towline.yaml": "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {labels: [deps], commit: {conventional: auto}}\n"}
	for i := range images {
		name := fmt.Sprintf("app-%d", i)
		if err := registry.PushTags(name, "1.0.0", "1.1.0"); err != nil {
			t.Fatal(err)
		}
		files[name+".yaml"] = fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec: {image: %[2]s/%[1]s, policy: {semver: {range: 1.x}}}\n---\nimage: %[2]s/%[1]s:1.0.0\n",
			name, registry.Host())
	}
	if _, err := repo.Commit(forgetest.Commit{Branch: "main", Message: "Begin", Files: files}); err != nil {
		t.Fatal(err)
	}
	b := newCostBot(t, repo.CloneURL(), registry.Host())
	once := func() ([3]int, []string) {
		t.Helper()
		if err := b.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		return seen.take()
	}
	once()
	if n := len(repo.PullRequests()); n != images {
		t.Fatalf("%d pull requests are open, want %d", n, images)
	}
	once() // hears of what the first has done
	for range 3 {
		got, told := once()
		if diff := cmp.Diff([3]int{1, 0, 1}, got); diff != "" {
			t.Errorf("refs, git, api (-want +got):\n%s%s", diff, strings.Join(told, "\n"))
		}
	}
}

// newCostBot wires a bot as the program does.
func newCostBot(t *testing.T, url, registryHost string) wiredBot {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bot.yaml")
	text := fmt.Sprintf("apiVersion: towline.dev/v1\nkind: BotConfig\nstateDir: %q\nrepositories:\n- {name: deploy, url: %q, auth: {tokenEnv: TOKEN}, forge: {type: github}}\nregistries:\n- {host: %q, plainHTTP: true}\n",
		filepath.Join(t.TempDir(), "state"), url, registryHost)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.LoadBot(file)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	p := process{getenv: func(name string) string { return map[string]string{"TOKEN": "bot-token", "HOME": t.TempDir()}[name] }}
	b, err := wireBot(p, c, log, event.HandlerFunc(func(event.Event) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}
