package testbed

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"code.gitea.io/sdk/gitea"
)

// GiteaRepo is a repository on a Gitea.
type GiteaRepo struct {
	// Owner and Name are its path.
	Owner, Name string
	// URL is what Git clones from; it holds no credentials.
	URL string
}

// Client returns Gitea's own client, as the administrator.
func (g *GiteaServer) Client(ctx context.Context) (*gitea.Client, error) {
	client, err := gitea.NewClient(g.URL, gitea.SetToken(g.Token), gitea.SetContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("connecting to Gitea: %w", err)
	}
	return client, nil
}

// NewRepo makes a repository of the administrator's with one commit (a README.md)
// on its default branch, main. Pull requests can be opened at once: in a
// repository that was made empty, Gitea answers 404 until some time after the
// first push.
func (g *GiteaServer) NewRepo(ctx context.Context, name string) (GiteaRepo, error) {
	client, err := g.Client(ctx)
	if err != nil {
		return GiteaRepo{}, err
	}
	repo, _, err := client.CreateRepo(gitea.CreateRepoOption{Name: name, DefaultBranch: "main", AutoInit: true, Readme: "Default"})
	if err != nil {
		return GiteaRepo{}, fmt.Errorf("making repository %s: %w", name, err)
	}
	return GiteaRepo{Owner: g.User, Name: repo.Name, URL: repo.CloneURL}, nil
}

// Repo makes a repository that no other test uses, as NewRepo does.
func (g *GiteaServer) Repo(tb TB) GiteaRepo {
	tb.Helper()
	repo, err := g.NewRepo(tb.Context(), UniqueName())
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return repo
}

// RepoDir is where Gitea keeps a repository: for a witness that reads it with Git,
// and for nobody who writes.
func (g *GiteaServer) RepoDir(r GiteaRepo) string {
	return g.dir.file("repositories", strings.ToLower(r.Owner), strings.ToLower(r.Name)+".git")
}

// NewUser makes a user without rights of its own and returns its token.
func (g *GiteaServer) NewUser(ctx context.Context, name string) (token string, err error) {
	_, err = g.run(ctx, "admin", "user", "create", "--username", name, "--password", rand.Text(),
		"--email", name+"@example.test", "--must-change-password=false")
	if err != nil {
		return "", err
	}
	return g.newToken(ctx, name)
}
