package pulls_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

const (
	owner      = "acme"
	repository = "deploy"
)

// ourServer is the GitHub-compatible forge, one for each story.
type ourServer struct{}

func (ourServer) name() string { return "github" }

func (ourServer) place(t *testing.T, c *clock) place {
	t.Helper()
	return newOurPlace(t, newOurServer(t, c), c, repository)
}

// ourPlace is a repository at our server.
type ourPlace struct {
	server *forgetest.Server
	repo   *forgetest.Repo
	clock  *clock
}

// people are those who may sign in at our server.
func people() []forgetest.User {
	return []forgetest.User{
		{Login: robot, Token: secret.New(robot + "-token"), Permission: forgetest.PermissionWrite},
		{Login: alice, Token: secret.New(alice + "-token"), Permission: forgetest.PermissionWrite},
		{Login: bob, Token: secret.New(bob + "-token"), Permission: forgetest.PermissionWrite},
		{Login: mallory, Token: secret.New(mallory + "-token"), Permission: forgetest.PermissionRead},
	}
}

// newOurServer starts a server whose time is the clock's.
func newOurServer(t testing.TB, c *clock) *forgetest.Server {
	t.Helper()
	return forgetest.Start(t, forgetest.Config{Users: people(), PageUser: alice, Now: c.Now})
}

// newOurPlace makes a repository at a server.
func newOurPlace(t testing.TB, server *forgetest.Server, c *clock, name string) *ourPlace {
	t.Helper()
	p := &ourPlace{server: server, clock: c}
	var err error
	if p.repo, err = p.server.CreateRepo(owner, name); err != nil {
		t.Fatal(err)
	}
	if _, err := p.repo.Commit(forgetest.Commit{Branch: "main", Message: "Begin", Author: alice, Files: map[string]string{"README.md": "# " + name + "\n"}}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *ourPlace) url() string               { return p.repo.CloneURL() }
func (p *ourPlace) dir() string               { return p.repo.Dir() }
func (p *ourPlace) token(login string) string { return login + "-token" }
func (p *ourPlace) api() string {
	return p.server.BaseURL() + "/api/v3/repos/" + p.repo.FullName()
}

func (p *ourPlace) forge(through http.RoundTripper, timeout time.Duration) (forge.Forge, error) {
	return github.New(github.Config{
		BaseURL: p.server.BaseURL() + "/api/v3", Owner: owner, Repo: p.repo.FullName()[len(owner)+1:],
		Token: secret.New(p.token(robot)), Transport: through, Timeout: timeout, RetryDelay: time.Millisecond, Now: p.clock.Now,
	})
}

func (p *ourPlace) commit(t *testing.T, c personsCommit) {
	t.Helper()
	_, err := p.repo.Commit(forgetest.Commit{Branch: c.branch, Message: c.message, Author: c.who, Files: c.files, Deletes: c.deletes})
	if err != nil {
		t.Fatal(err)
	}
}

func (p *ourPlace) milestone(_ *testing.T, title string) { p.repo.CreateMilestone(title) }

func (p *ourPlace) merge(t *testing.T, who string, number int, method string) {
	t.Helper()
	must(t, p, apiCall{method: http.MethodPut, path: pullPath(number) + "/merge", who: who, in: map[string]any{"merge_method": method}})
}
