package keychain_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/registry/keychain"
)

func TestAuthsMatch(t *testing.T) {
	auths, err := keychain.ParseAuths([]byte(`{"auths": {
		"https://index.docker.io/v1/": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("hub:pa:ss")) + `"},
		"ghcr.io": {"username": "all", "password": "p"},
		"ghcr.io/acme": {"username": "acme", "password": "p"},
		"ghcr.io/acme/app": {"username": "app", "password": "p"},
		"https://reg.example.com:5000/v2/": {"username": "port", "password": "p"},
		"https://id.example.com": {"identitytoken": "t"},
		"empty.example.com": {},
		"*.wild.example.com": {"username": "wild", "password": "p"},
		"not a host": {"username": "odd", "password": "p"}
	}, "credsStore": "never-run", "credHelpers": {"helped.example.com": "never-run"}}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		repository string
		want       authn.AuthConfig
	}{
		{"nginx", authn.AuthConfig{Username: "hub", Password: "pa:ss"}},
		{"registry-1.docker.io/library/nginx", authn.AuthConfig{Username: "hub", Password: "pa:ss"}},
		{"ghcr.io/other/app", authn.AuthConfig{Username: "all", Password: "p"}},
		{"ghcr.io/acme/web", authn.AuthConfig{Username: "acme", Password: "p"}},
		{"ghcr.io/acme/app", authn.AuthConfig{Username: "app", Password: "p"}},
		{"ghcr.io/acme/app/sub", authn.AuthConfig{Username: "app", Password: "p"}},
		{"ghcr.io/acme/application", authn.AuthConfig{Username: "acme", Password: "p"}},
		{"ghcr.io/acme-evil/app", authn.AuthConfig{Username: "all", Password: "p"}},
		{"ghcr.io:443/acme/app", authn.AuthConfig{}},
		{"reg.example.com:5000/app", authn.AuthConfig{Username: "port", Password: "p"}},
		{"reg.example.com/app", authn.AuthConfig{}},
		{"reg.example.com:5001/app", authn.AuthConfig{}},
		{"evil-ghcr.io/acme/app", authn.AuthConfig{}},
		{"id.example.com/app", authn.AuthConfig{IdentityToken: "t"}},
		{"empty.example.com/app", authn.AuthConfig{}},
		{"a.wild.example.com/app", authn.AuthConfig{}},
		{"helped.example.com/app", authn.AuthConfig{}},
	}
	for _, tt := range tests {
		t.Run(tt.repository, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, auths.Match(repository(t, tt.repository))); diff != "" {
				t.Errorf("Match (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDockercfg(t *testing.T) {
	auths, err := keychain.ParseDockercfg([]byte(`{"ghcr.io": {"username": "u", "password": "p", "email": "e@example.com"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(authn.AuthConfig{Username: "u", Password: "p"}, auths.Match(repository(t, "ghcr.io/a"))); diff != "" {
		t.Errorf("Match (-want +got):\n%s", diff)
	}
}

// What can't be read isn't shown.
func TestUnreadableAuths(t *testing.T) {
	for name, text := range map[string]string{ //nolint:gosec // made-up passwords
		"not JSON":       `hunter2`,
		"another type":   `{"auths": {"ghcr.io": "hunter2"}}`,
		"not base64":     `{"auths": {"ghcr.io": {"auth": "hunter2 hunter2"}}}`,
		"no colon":       `{"auths": {"ghcr.io": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("hunter2")) + `"}}}`,
		"a list":         `{"auths": ["hunter2"]}`,
		"password a map": `{"auths": {"ghcr.io": {"username": "hunter2", "password": {"hunter2": 1}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keychain.ParseAuths([]byte(text))
			if err == nil {
				t.Fatal("it is taken")
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVudGVyMg") {
				t.Errorf("the error shows what was read: %v", err)
			}
		})
	}
}
