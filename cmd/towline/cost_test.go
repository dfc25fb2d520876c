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

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
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
// open: one for the branches, one for what has changed at the forge; and one more for
// the dashboard.
func TestARoundWithoutNewsCostsTwoRequests(t *testing.T) {
	const images = 20
	for _, tt := range []struct {
		name, config string
		want         [3]int
	}{
		{"as a rule", "labels: [deps]", [3]int{1, 0, 1}},
		{"with a dashboard", "dashboard: {enabled: true}", [3]int{1, 0, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newForgeWorld(t)
			files := map[string]string{".towline.yaml": "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {" + tt.config + "}\n"}
			for i := range images {
				name := fmt.Sprintf("app-%d", i)
				files[name+".yaml"] = w.governed(name, "1.0.0", "1.0.0", "1.1.0")
			}
			w.commit("Begin", files)
			w.once()
			if n := len(w.repo.PullRequests()); n != images {
				t.Fatalf("%d pull requests are open, want %d", n, images)
			}
			w.once() // hears of what the first has done
			for range 3 {
				w.seen.take()
				w.once()
				got, told := w.seen.take()
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("refs, git, api (-want +got):\n%s%s", diff, strings.Join(told, "\n"))
				}
			}
		})
	}
}

// TestAHeldVersionIsReleasedOnTheDashboard, and stays proposed.
func TestAHeldVersionIsReleasedOnTheDashboard(t *testing.T) {
	w := newForgeWorld(t)
	pat, err := github.New(github.Config{BaseURL: w.forge.BaseURL() + "/api/v3", Owner: "acme", Repo: "deploy", Token: secret.New("pat-token")})
	if err != nil {
		t.Fatal(err)
	}
	w.commit("Begin", map[string]string{
		".towline.yaml": "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {dashboard: {enabled: true}}\n",
		"web.yaml":      w.governed("web", "1.0.0", "1.0.0", "1.1.0"),
	})
	w.commit("Update", map[string]string{"web.yaml": w.governed("web", "1.1.0")})
	w.commit("It breaks the cart", map[string]string{"web.yaml": w.governed("web", "1.0.0")})
	board := func() forge.Issue {
		t.Helper()
		w.once()
		issues, err := pat.ListIssues(t.Context(), "towline-dashboard")
		if err != nil || len(issues) != 1 {
			t.Fatalf("%d dashboards, %v", len(issues), err)
		}
		return issues[0]
	}
	shown := board()
	if n := len(w.repo.PullRequests()); n != 0 {
		t.Fatalf("%d pull requests, want none for what is held", n)
	}
	ticked := strings.Replace(shown.Body, "- [ ] <!-- towline: release", "- [x] <!-- towline: release", 1)
	if ticked == shown.Body {
		t.Fatalf("nothing can be released in\n%s", shown.Body)
	}
	if _, err := pat.UpdateIssue(t.Context(), shown.Number, forge.Change{Body: &ticked}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		body := board().Body
		pulls := w.repo.PullRequests()
		if len(pulls) != 1 || pulls[0].State != forge.StateOpen {
			t.Fatalf("pull requests: %+v, want one that is open", pulls)
		}
		if strings.Contains(body, "[x]") {
			t.Errorf("the box is ticked although its order was followed:\n%s", body)
		}
	}
}

// forgeWorld is a forge with one repository, a registry, and the bot as the program
// wires it.
type forgeWorld struct {
	t        *testing.T
	seen     cost
	forge    *forgetest.Server
	repo     *forgetest.Repo
	registry *registrytest.Server
	bot      wiredBot
}

func newForgeWorld(t *testing.T) *forgeWorld {
	t.Helper()
	w := &forgeWorld{t: t, registry: registrytest.New(t, registrytest.Options{})}
	w.forge = forgetest.Start(t, forgetest.Config{OnRequest: w.seen.see, Users: []forgetest.User{
		{Login: "towline", Token: secret.New("bot-token"), Permission: forgetest.PermissionWrite},
		{Login: "pat", Token: secret.New("pat-token"), Permission: forgetest.PermissionWrite},
	}})
	var err error
	if w.repo, err = w.forge.CreateRepo("acme", "deploy"); err != nil {
		t.Fatal(err)
	}
	w.bot = newCostBot(t, w.repo.CloneURL(), w.registry.Host())
	return w
}

// governed is a file with a policy and its image in use, after its tags were pushed.
func (w *forgeWorld) governed(name, current string, tags ...string) string {
	w.t.Helper()
	if err := w.registry.PushTags(name, tags...); err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: %s}\nspec: {image: %[2]s/%[1]s, policy: {semver: {range: 1.x}}}\n---\nimage: %[2]s/%[1]s:%[3]s\n",
		name, w.registry.Host(), current)
}

func (w *forgeWorld) commit(message string, files map[string]string) {
	w.t.Helper()
	if _, err := w.repo.Commit(forgetest.Commit{Branch: "main", Message: message, Files: files}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *forgeWorld) once() {
	w.t.Helper()
	if err := w.bot.Once(w.t.Context()); err != nil {
		w.t.Fatal(err)
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
	b, err := wireBot(p, c, log, event.HandlerFunc(func(event.Event) {}), wireQuotas(nil))
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
