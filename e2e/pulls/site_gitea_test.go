package pulls_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/gitea"
	"github.com/towline-dev/towline/internal/secret"
)

// realGitea is a Gitea with the stories' people.
type realGitea struct {
	server *testbed.GiteaServer
	tokens map[string]string
}

// newRealGitea makes the people, once for all stories.
func newRealGitea(t *testing.T) *realGitea {
	t.Helper()
	g := &realGitea{server: testbed.Gitea(t), tokens: map[string]string{}}
	for _, who := range []string{robot, alice, bob, mallory} {
		token, err := g.server.NewUser(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		g.tokens[who] = token
	}
	return g
}

func (*realGitea) name() string { return "gitea" }

func (g *realGitea) place(t *testing.T, c *clock) place {
	t.Helper()
	c.mu.Lock()
	c.runs = true
	c.mu.Unlock()
	p := &giteaPlace{realGitea: g, repo: g.server.Repo(t), clock: c}
	for _, who := range []string{robot, alice, bob} {
		permission := "write"
		if who == robot {
			permission = "admin" // Gitea tells nobody else who may write
		}
		must(t, p, apiCall{method: http.MethodPut, path: "/collaborators/" + who, in: map[string]string{"permission": permission}})
	}
	return p
}

// giteaPlace is a repository at a Gitea.
type giteaPlace struct {
	*realGitea
	repo  testbed.GiteaRepo
	clock *clock
	one   sync.Mutex // commit at a time
}

func (p *giteaPlace) url() string { return p.repo.URL }
func (p *giteaPlace) dir() string { return p.server.RepoDir(p.repo) }
func (p *giteaPlace) api() string {
	return p.server.URL + "/api/v1/repos/" + p.repo.Owner + "/" + p.repo.Name
}

// token of nobody is the administrator's.
func (p *giteaPlace) token(login string) string {
	if login == "" {
		return p.server.Token
	}
	return p.tokens[login]
}

func (p *giteaPlace) forge(through http.RoundTripper, timeout time.Duration) (forge.Forge, error) {
	return gitea.New(gitea.Config{
		URL: p.server.URL, Owner: p.repo.Owner, Repo: p.repo.Name, Token: secret.New(p.token(robot)),
		Transport: through, Timeout: timeout, RetryDelay: 10 * time.Millisecond, Now: p.clock.Now,
	})
}

func (p *giteaPlace) commit(t *testing.T, c personsCommit) {
	t.Helper()
	p.one.Lock()
	defer p.one.Unlock()
	var files []map[string]string
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		files = append(files, map[string]string{"operation": "upload", "path": path, "content": base64.StdEncoding.EncodeToString([]byte(c.files[path]))})
	}
	for _, path := range c.deletes {
		files = append(files, map[string]string{"operation": "delete", "path": path, "sha": witness(t, p, "rev-parse", c.branch+":"+path)})
	}
	who := map[string]string{"name": c.who, "email": c.who + "@example.test"}
	must(t, p, apiCall{method: http.MethodPost, path: "/contents", who: c.who, in: map[string]any{
		"branch": c.branch, "message": c.message, "files": files, "author": who, "committer": who,
	}})
}

func (p *giteaPlace) milestone(t *testing.T, title string) {
	t.Helper()
	must(t, p, apiCall{method: http.MethodPost, path: "/milestones", who: alice, in: map[string]string{"title": title}})
}

// merge waits until Gitea has found out, in the background, that it can.
func (p *giteaPlace) merge(t *testing.T, who string, number int, method string) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for began := time.Now(); ; <-again.C {
		status, err := call(t.Context(), p, apiCall{method: http.MethodPost, path: pullPath(number) + "/merge", who: who, in: map[string]any{"Do": method}})
		if err == nil {
			return
		}
		if status != http.StatusMethodNotAllowed || time.Since(began) > patience {
			t.Fatal(fmt.Errorf("merging %d: %w", number, err))
		}
	}
}
