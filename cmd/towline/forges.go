package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/gitea"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/gitwriter/forge/plain"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
)

// wireForge makes the forge of one repository, and what Git over HTTP signs in with.
func wireForge(p process, r config.Repository, log *slog.Logger) (forge.Forge, gitrepo.Auth, error) {
	token, err := readToken(p, r.Auth)
	if err != nil {
		return nil, gitrepo.Auth{}, err
	}
	auth := gitrepo.Auth{Username: r.Auth.Username, Password: token}
	if r.Auth.CAFile != "" {
		if auth.CA, err = os.ReadFile(r.Auth.CAFile); err != nil {
			return nil, gitrepo.Auth{}, err
		}
	}
	transport, err := trusting(auth.CA)
	if err != nil {
		return nil, gitrepo.Auth{}, err
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, gitrepo.Auth{}, errors.New("the URL can't be read")
	}
	if r.Forge.Type == "plain" {
		return plain.Forge{}, auth, nil
	}
	owner, repo, err := ownerAndRepo(u)
	if err != nil {
		return nil, gitrepo.Auth{}, err
	}
	if r.Forge.Type == "gitea" {
		f, err := gitea.New(gitea.Config{URL: orDefault(r.Forge.URL, u.Scheme+"://"+u.Host), Owner: owner, Repo: repo, Token: token, Transport: transport, Log: log})
		return f, auth, err
	}
	c := github.Config{BaseURL: orDefault(r.Forge.URL, githubAPI(u)), Owner: owner, Repo: repo, Token: token, Transport: transport, Log: log}
	if r.Auth.App != nil {
		key, err := os.ReadFile(r.Auth.App.PrivateKeyFile)
		if err != nil {
			return nil, gitrepo.Auth{}, err
		}
		c.App = &github.App{ID: r.Auth.App.ID, InstallationID: r.Auth.App.InstallationID, PrivateKey: secret.New(string(key))}
	}
	f, err := github.New(c)
	if err != nil {
		return nil, gitrepo.Auth{}, err
	}
	if c.App != nil {
		auth.Username, auth.Token = github.GitUsername, f.TokenSource()
	}
	return f, auth, nil
}

// githubAPI is where the API of the host stands by GitHub's own convention.
func githubAPI(u *url.URL) string {
	if u.Hostname() == "github.com" {
		return github.DefaultBaseURL
	}
	return u.Scheme + "://" + u.Host + "/api/v3"
}

func ownerAndRepo(u *url.URL) (owner, repo string, err error) {
	path := strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
	owner, repo, ok := strings.Cut(path, "/")
	if !ok || owner == "" || repo == "" || strings.Contains(repo, "/") {
		return "", "", fmt.Errorf("the URL's path %q isn't OWNER/REPOSITORY", u.Path)
	}
	return owner, repo, nil
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// readToken gives the token that the configuration points at, or none where it
// points at nothing. A place that is named and empty is an error, so that a missing
// Secret doesn't become an anonymous request.
func readToken(p process, a config.Auth) (secret.String, error) {
	switch {
	case a.TokenEnv != "":
		token := p.getenv(a.TokenEnv)
		if token == "" {
			return secret.String{}, fmt.Errorf("the environment variable %s, named by auth.tokenEnv, is empty", a.TokenEnv)
		}
		return secret.New(token), nil
	case a.TokenFile != "":
		data, err := os.ReadFile(a.TokenFile)
		if err != nil {
			return secret.String{}, err
		}
		token := bytes.TrimSpace(data)
		if len(token) == 0 {
			return secret.String{}, fmt.Errorf("the file %s, named by auth.tokenFile, is empty", a.TokenFile)
		}
		return secret.New(string(token)), nil
	}
	return secret.String{}, nil
}
