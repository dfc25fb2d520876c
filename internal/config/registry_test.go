package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/config"
)

// load writes and reads a file that has registries and no repositories.
func load(t *testing.T, registries string) ([]config.Registry, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bot.yaml")
	if err := os.WriteFile(file, []byte(head+"registries:\n"+registries), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := config.LoadRegistries(file)
	return b.Registries, err
}

func TestRegistries(t *testing.T) {
	got, err := load(t, `- host: harbor.example.com
  caFile: /ca.pem
  certFile: /tls.crt
  keyFile: /tls.key
  proxy: http://user:hunter2@proxy.example.com:3128
  mirrorOf: docker.io
  prefix: dockerhub
  auth: {usernameEnv: USER, passwordFile: /password}
- {host: harbor.example.com, mirrorOf: ghcr.io, prefix: github/cache}
- {host: ghcr.io, auth: {pullSecret: {namespace: towline-system, name: ghcr}}}
- {host: quay.io, auth: {serviceAccount: {namespace: shop, name: default}}}
- {host: eu.gcr.io, auth: {provider: gcp}}
- {host: "reg.example.com:5000", auth: {dockerConfigFile: /docker/config.json}}
- {host: "127.0.0.1:5000", plainHTTP: true, auth: {username: me, passwordEnv: PASSWORD}}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Registry{
		{ //nolint:gosec // a made-up password
			Host: "harbor.example.com", CAFile: "/ca.pem", CertFile: "/tls.crt", KeyFile: "/tls.key",
			Proxy: "http://user:hunter2@proxy.example.com:3128", MirrorOf: "docker.io", Prefix: "dockerhub",
			Auth: &config.RegistryAuth{UsernameEnv: "USER", PasswordFile: "/password"},
		},
		{Host: "harbor.example.com", MirrorOf: "ghcr.io", Prefix: "github/cache"},
		{Host: "ghcr.io", Auth: &config.RegistryAuth{PullSecret: &config.ObjectName{Namespace: "towline-system", Name: "ghcr"}}},
		{Host: "quay.io", Auth: &config.RegistryAuth{ServiceAccount: &config.ObjectName{Namespace: "shop", Name: "default"}}},
		{Host: "eu.gcr.io", Auth: &config.RegistryAuth{Provider: "gcp"}},
		{Host: "reg.example.com:5000", Auth: &config.RegistryAuth{DockerConfigFile: "/docker/config.json"}},
		{Host: "127.0.0.1:5000", PlainHTTP: true, Auth: &config.RegistryAuth{Username: "me", PasswordEnv: "PASSWORD"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LoadRegistries (-want +got):\n%s", diff)
	}
}

func TestRegistryProblems(t *testing.T) {
	auth := func(text string) string { return "- {host: ghcr.io, auth: {" + text + "}}\n" }
	tests := []struct{ name, text, want string }{
		{"no host", "- {plainHTTP: true}", "registries[0] has no host"},
		{"a URL", "- {host: 'https://ghcr.io'}", "isn't a host"},
		{"a path", "- {host: ghcr.io/acme}", "isn't a host"},
		{"a password in the host", "- {host: 'me:hunter2@ghcr.io'}", "isn't a host"},
		{"twice", "- {host: docker.io}\n- {host: index.docker.io}", "registries[0] and [1] are both for index.docker.io"},
		{"twice, as a mirror with more", "- {host: a.io}\n- {host: a.io, mirrorOf: b.io, plainHTTP: true}", "are both for a.io"},
		{"negative", "- {host: ghcr.io, connections: -1}", "negative limit"},
		{"a certificate alone", "- {host: ghcr.io, certFile: /a}", "one of certFile and keyFile"},
		{"a key alone", "- {host: ghcr.io, keyFile: /a}", "one of certFile and keyFile"},
		{"certificates without TLS", "- {host: ghcr.io, plainHTTP: true, caFile: /a}", "certificates and plainHTTP"},
		{"a proxy without a scheme", "- {host: ghcr.io, proxy: 'me:hunter2@proxy:3128'}", "proxy isn't the URL of a proxy"},
		{"a proxy that can't be parsed", "- {host: ghcr.io, proxy: 'http://me:hunter2@proxy:port'}", "proxy isn't the URL of a proxy"},
		{"a proxy of another scheme", "- {host: ghcr.io, proxy: 'ftp://me:hunter2@proxy'}", "proxy isn't the URL of a proxy"},
		{"a proxy with a path", "- {host: ghcr.io, proxy: 'http://me:hunter2@proxy/x'}", "proxy has a path"},
		{"a prefix alone", "- {host: ghcr.io, prefix: a}", "a prefix and no mirrorOf"},
		{"a mirror of a URL", "- {host: a.io, mirrorOf: 'https://me:hunter2@docker.io'}", "isn't a host"},
		{"a mirror of itself", "- {host: docker.io, mirrorOf: registry.hub.docker.com/x}", "isn't a host"},
		{"itself", "- {host: docker.io, mirrorOf: index.docker.io}", "is a mirror of itself"},
		{"an odd prefix", "- {host: a.io, mirrorOf: docker.io, prefix: '../UP'}", "can't begin a repository's path"},
		{"a prefix that leads up", "- {host: a.io, mirrorOf: docker.io, prefix: 'up/..'}", "can't begin a repository's path"},
		{"a prefix with an empty component", "- {host: a.io, mirrorOf: docker.io, prefix: a//b}", "can't begin a repository's path"},
		{"an empty auth", auth(""), "auth is empty"},
		{"several ways", auth("provider: ecr, dockerConfigFile: /a"), "several ways to sign in: dockerConfigFile, provider"},
		{"a password and a Secret", auth("username: a, passwordEnv: B, pullSecret: {namespace: a, name: b}"), "several ways to sign in: a password, pullSecret"},
		{"a user alone", auth("username: a"), "half of a user and a password"},
		{"a password alone", auth("passwordEnv: A"), "half of a user and a password"},
		{"two users", auth("username: a, usernameEnv: A, passwordEnv: B"), "username and usernameEnv"},
		{"two passwords", auth("username: a, passwordEnv: B, passwordFile: /c"), "passwordEnv and passwordFile"},
		{"half a Secret", auth("pullSecret: {name: a}"), "auth.pullSecret is incomplete"},
		{"half an account", auth("serviceAccount: {namespace: a}"), "auth.serviceAccount is incomplete"},
		{"another cloud", auth("provider: aws"), `auth.provider is "aws"`},
		{"a password itself", auth("username: a, password: hunter2"), "passwordEnv"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %q in it", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}
