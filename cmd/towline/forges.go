package main

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/gitea"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/gitwriter/forge/gitlab"
	"github.com/towline-dev/towline/gitwriter/forge/plain"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/giturl"
	"github.com/towline-dev/towline/internal/secret"
)

// wireForge makes the forge of one repository, and what Git signs in with.
func wireForge(p process, r config.Repository, quotas *quota.Set, log *slog.Logger) (forge.Forge, gitrepo.Auth, error) {
	auth, err := wireAuth(p, r.Auth)
	if err != nil {
		return nil, gitrepo.Auth{}, err
	}
	f, err := forgeOf(r, &auth, quotas, log)
	if err != nil {
		return nil, gitrepo.Auth{}, err
	}
	return f, auth, nil
}

// forgeOf makes the forge; with it, what Git signs in with may change.
func forgeOf(r config.Repository, auth *gitrepo.Auth, quotas *quota.Set, log *slog.Logger) (forge.Forge, error) {
	if r.Forge.Type == "plain" {
		return plain.Forge{}, nil
	}
	transport, err := apiTransport(*auth)
	if err != nil {
		return nil, err
	}
	u, err := giturl.Parse(r.URL)
	if err != nil {
		return nil, err
	}
	address := orDefault(r.Forge.URL, webOrigin(u))
	path := projectPath(u, address)
	if r.Forge.Type == "gitlab" {
		return gitlab.New(gitlab.Config{
			URL: address, Project: path, TokenSource: auth.Token, Transport: transport, Quota: quotas.For(quotaKey(r, address)), Log: log,
		})
	}
	owner, repo, err := ownerAndRepo(path)
	if err != nil {
		return nil, err
	}
	if r.Forge.Type == "gitea" {
		return gitea.New(gitea.Config{
			URL: address, Owner: owner, Repo: repo, TokenSource: auth.Token, Transport: transport, Quota: quotas.For(quotaKey(r, address)), Log: log,
		})
	}
	address = orDefault(r.Forge.URL, githubAPI(u))
	return gitHub(r, auth, github.Config{
		BaseURL: address, Owner: owner, Repo: repo, TokenSource: auth.Token, Transport: transport, Quota: quotas.For(quotaKey(r, address)), Log: log,
	})
}

// gitHub gives Git an App's token too, where there is an App.
func gitHub(r config.Repository, auth *gitrepo.Auth, c github.Config) (forge.Forge, error) {
	if r.Auth.App == nil {
		return github.New(c)
	}
	key, err := readBounded(r.Auth.App.PrivateKeyFile)
	if err != nil {
		return nil, err
	}
	c.App = &github.App{ID: r.Auth.App.ID, InstallationID: r.Auth.App.InstallationID, PrivateKey: secret.New(string(key))}
	f, err := github.New(c)
	if err != nil {
		return nil, err
	}
	auth.Username, auth.Token = github.GitUsername, f.TokenSource()
	return f, nil
}

// webOrigin is where the host of a repository has its pages and its API. One that is
// named for SSH has them at https by convention; its SSH port tells nothing of that.
func webOrigin(u *url.URL) string {
	if u.Scheme != "ssh" {
		return u.Scheme + "://" + u.Host
	}
	host := u.Hostname()
	if host == "ssh.github.com" { // GitHub's SSH for networks that let port 443 through alone
		host = "github.com"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return "https://" + host
}

// githubAPI is where the API of the host stands by GitHub's own convention.
func githubAPI(u *url.URL) string {
	origin := webOrigin(u)
	if origin == "https://github.com" || u.Hostname() == "github.com" {
		return github.DefaultBaseURL
	}
	return origin + "/api/v3"
}

// projectPath is the repository's name at its forge. A forge that stands below a path
// of its host has that path in its repositories' addresses over HTTP, and not over SSH.
func projectPath(u *url.URL, address string) string {
	path := strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
	if base, err := url.Parse(address); err == nil && u.Scheme != "ssh" {
		path = strings.TrimPrefix(path, strings.Trim(base.Path, "/")+"/")
	}
	return path
}

func ownerAndRepo(path string) (owner, repo string, err error) {
	owner, repo, ok := strings.Cut(path, "/")
	if !ok || owner == "" || repo == "" || strings.Contains(repo, "/") {
		return "", "", fmt.Errorf("the repository's path %q isn't OWNER/REPOSITORY", path)
	}
	return owner, repo, nil
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
