package main

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/gitlabtest"
	"github.com/towline-dev/towline/internal/config"
)

// What a host says to one repository's forge, others know that use the same credential
// there, and nobody else.
func TestForgesShareQuotas(t *testing.T) {
	server, elsewhere := gitlabtest.Start(t, gitlabtest.Config{}), gitlabtest.Start(t, gitlabtest.Config{})
	counted := map[string]int{}
	quotas := wireQuotas(func(forge, result string) { counted[forge+" "+result]++ })
	p := withEnv(map[string]string{"TOKEN": gitlabtest.Token, "OTHER": gitlabtest.Token})
	wire := func(s *gitlabtest.Server, path, env string) forge.Forge {
		project, err := s.CreateProject(path)
		if err != nil {
			t.Fatal(err)
		}
		r := config.Repository{URL: project.CloneURL(), Forge: config.Forge{Type: "gitlab"}, Auth: config.Auth{TokenEnv: env}}
		f, _, err := wireForge(p, r, quotas, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	list := func(name string, f forge.Forge, limited bool) {
		t.Helper()
		_, err := f.List(t.Context(), forge.Filter{})
		if limit := new(forge.RateLimitError); errors.As(err, &limit) != limited || err != nil && !limited {
			t.Errorf("%s: %v", name, err)
		}
	}
	one, two := wire(server, "acme/one", "TOKEN"), wire(server, "acme/two", "TOKEN")
	other, away := wire(server, "acme/three", "OTHER"), wire(elsewhere, "acme/four", "TOKEN")
	list("before", two, false)
	server.Inject(forgetest.Fault{Status: 429, Times: 1})
	list("the limit", one, true)
	list("another repository", two, true)
	list("another credential", other, false)
	list("another host", away, false)
	want := map[string]int{"gitlab ok": 3, "gitlab limited": 1, "gitlab not_sent": 1}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

func TestCredentialsAreNamed(t *testing.T) {
	for want, auth := range map[string]config.Auth{
		"":            {},
		"env TOKEN":   {TokenEnv: "TOKEN"},
		"file /token": {TokenFile: "/token"},
		"app 1/2":     {App: &config.App{ID: 1, InstallationID: 2, PrivateKeyFile: "/key"}},
	} {
		if got := credentialName(auth); got != want {
			t.Errorf("%+v is named %q, want %q", auth, got, want)
		}
	}
}
