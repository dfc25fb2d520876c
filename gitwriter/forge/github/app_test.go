package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/github"
	"github.com/towline-dev/towline/internal/secret"
)

func key(t *testing.T) (*rsa.PublicKey, secret.String) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	return &private.PublicKey, secret.New(string(text))
}

func startWithApp(t *testing.T) (*forgetest.Server, func(github.App) *github.Forge, secret.String) {
	t.Helper()
	public, private := key(t)
	server := forgetest.Start(t, forgetest.Config{Apps: []forgetest.App{{ID: 11, InstallationID: 22, Slug: "towline", Key: public}}})
	repo, err := server.CreateRepo("acme", "deploy")
	if err != nil {
		t.Fatal(err)
	}
	for _, branch := range []string{"main", "towline/web"} {
		if _, err := repo.Commit(forgetest.Commit{Branch: branch, Message: branch, Files: map[string]string{branch: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	return server, func(app github.App) *github.Forge {
		return connect(t, github.Config{BaseURL: server.BaseURL() + "/api/v3", App: &app})
	}, private
}

// An App signs its own claim, gets a token for an hour, and works under its name;
// the token is fetched once and serves Git, too.
func TestApp(t *testing.T) {
	server, as, private := startWithApp(t)
	f := as(github.App{ID: 11, InstallationID: 22, PrivateKey: private})
	pr, err := f.Create(t.Context(), newPull())
	if err != nil || pr.Author != "towline[bot]" {
		t.Fatalf("Create gave author %q, %v", pr.Author, err)
	}
	token, err := f.TokenSource()(t.Context())
	if err != nil || !strings.HasPrefix(token.Reveal(), "ghs_") {
		t.Errorf("the source gave a token of %d bytes, %v", len(token.Reveal()), err)
	}
	var fetched int
	for _, line := range server.Requests() {
		if strings.HasSuffix(line.Path, "/access_tokens") {
			fetched++
		}
	}
	if fetched != 1 {
		t.Errorf("the token was fetched %d times, want once", fetched)
	}
}

func TestAppRefused(t *testing.T) {
	server, as, private := startWithApp(t)
	_, other := key(t)
	for name, app := range map[string]github.App{
		"another key":          {ID: 11, InstallationID: 22, PrivateKey: other},
		"another App":          {ID: 12, InstallationID: 22, PrivateKey: private},
		"another installation": {ID: 11, InstallationID: 23, PrivateKey: private},
	} {
		f := as(app)
		if _, err := f.List(t.Context(), forge.Filter{}); !errors.Is(err, forge.ErrUnauthorized) || strings.Contains(err.Error(), "PRIVATE KEY") {
			t.Errorf("%s: List gave %v, want ErrUnauthorized", name, err)
		}
		if _, err := f.TokenSource()(t.Context()); !errors.Is(err, forge.ErrUnauthorized) {
			t.Errorf("%s: the source gave %v, want ErrUnauthorized", name, err)
		}
	}
	server.SetOff(true)
	f := as(github.App{ID: 11, InstallationID: 22, PrivateKey: private})
	if _, err := f.List(t.Context(), forge.Filter{}); !errors.Is(err, forge.ErrUnavailable) {
		t.Errorf("List while off gave %v, want ErrUnavailable", err)
	}
}
