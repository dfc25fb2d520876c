package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/reconciler"
)

// TestAppTokens reads a private repository as an App. The API is found by the
// repository's host, unless it is named.
func TestAppTokens(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	server := forgetest.Start(t, forgetest.Config{Apps: []forgetest.App{{ID: 11, InstallationID: 22, Slug: "towline", Key: &key.PublicKey}}})
	repo, err := server.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	repo.SetPrivate(true)
	if _, err := repo.Commit(forgetest.Commit{Branch: "main", Message: "One", Files: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	app := reconciler.App{ID: 11, InstallationID: 22, PrivateKey: secret.New(string(text)), RepositoryURL: repo.CloneURL()}
	for _, tt := range []struct {
		name   string
		change func(*reconciler.App)
		want   error // of reading
		bad    string
	}{
		{"by convention", func(*reconciler.App) {}, nil, ""},
		{"named", func(a *reconciler.App) { a.BaseURL = server.BaseURL() + "/api/v3" }, nil, ""},
		{"another App", func(a *reconciler.App) { a.ID = 12 }, gitrepo.ErrAuth, ""},
		{"another installation", func(a *reconciler.App) { a.InstallationID = 23 }, gitrepo.ErrAuth, ""},
		{"no key", func(a *reconciler.App) { a.PrivateKey = secret.New("hunter2") }, nil, "isn't an RSA key in PEM form"},
		{"no repository of GitHub's", func(a *reconciler.App) { a.RepositoryURL = server.BaseURL() + "/deploy" }, nil, "isn't OWNER/REPOSITORY"},
		{"no address", func(a *reconciler.App) { a.RepositoryURL = "hunter2" }, nil, "scheme isn't supported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := app
			tt.change(&a)
			user, token, err := appTokens(slog.New(slog.DiscardHandler))(a)
			if tt.bad != "" {
				if err == nil || !strings.Contains(err.Error(), tt.bad) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("error %v, want %q", err, tt.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			git, err := gitrepo.Open(gitrepo.Config{URL: a.RepositoryURL, Dir: t.TempDir(), Tries: 1, Auth: gitrepo.Auth{Username: user, Token: token}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := git.Fetch(t.Context(), "main"); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}
