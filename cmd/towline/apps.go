package main

import (
	"context"
	"log/slog"

	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/gitrepo/giturl"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/reconciler"
)

// appTokens lets the reconciler read repositories as the GitHub Apps that Secrets name.
// The App's key signs for the API of the repository's own host, unless the Secret names
// another one.
func appTokens(log *slog.Logger) reconciler.AppTokens {
	return func(app reconciler.App) (string, func(context.Context) (secret.String, error), error) {
		u, err := giturl.Parse(app.RepositoryURL)
		if err != nil {
			return "", nil, err
		}
		address := orDefault(app.BaseURL, githubAPI(u))
		owner, repo, err := ownerAndRepo(projectPath(u, webOrigin(u)))
		if err != nil {
			return "", nil, err
		}
		f, err := github.New(github.Config{
			BaseURL: address, Owner: owner, Repo: repo, Transport: app.Transport, Log: log,
			App: &github.App{ID: app.ID, InstallationID: app.InstallationID, PrivateKey: app.PrivateKey},
		})
		if err != nil {
			return "", nil, err
		}
		return github.GitUsername, f.TokenSource(), nil
	}
}
