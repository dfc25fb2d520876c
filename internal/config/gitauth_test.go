package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/config"
)

// repository is a configuration with one repository.
func repository(url, auth, forge string) []byte {
	return []byte(head + "repositories:\n- url: " + url + "\n  auth: {" + auth + "}\n  forge: {type: " + forge + "}\n")
}

func TestGitAuth(t *testing.T) {
	const keys = "ssh: {privateKeyFile: /k, knownHostsFile: /h}"
	for name, test := range map[string]struct {
		url, auth, forge string
		name             string
		want             config.Auth
	}{
		"ssh": {"ssh://git@git.example.com:2222/acme/deploy", keys, "plain", "git.example.com:2222/acme/deploy",
			config.Auth{SSH: &config.SSHAuth{PrivateKeyFile: "/k", KnownHostsFile: "/h"}}},
		"short": {"git@github.com:acme/deploy.git", keys + ", tokenFile: /t", "github", "github.com/acme/deploy.git",
			config.Auth{TokenFile: "/t", SSH: &config.SSHAuth{PrivateKeyFile: "/k", KnownHostsFile: "/h"}}},
		"agent": {"ssh://h/a", "ssh: {user: pat, agent: true, knownHostsFile: /h}, proxy: 'socks5://p:1080'", "plain", "h/a",
			config.Auth{Proxy: "socks5://p:1080", SSH: &config.SSHAuth{User: "pat", Agent: true, KnownHostsFile: "/h"}}},
		"all of a key": {"ssh://h/a", "ssh: {privateKeyFile: /k, passphraseFile: /p, certificateFile: /c, knownHostsFile: /h}", "plain", "h/a",
			config.Auth{SSH: &config.SSHAuth{PrivateKeyFile: "/k", PassphraseFile: "/p", CertificateFile: "/c", KnownHostsFile: "/h"}}},
		"certificate": {"https://h/a/b", "clientCertificate: {certFile: /c, keyFile: /k}, caFile: /ca, proxyFile: /p", "gitea", "h/a/b",
			config.Auth{Username: "x-access-token", CAFile: "/ca", ProxyFile: "/p", ClientCertificate: &config.ClientCertificate{CertFile: "/c", KeyFile: "/k"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := config.ParseBot("bot.yaml", repository(test.url, test.auth, test.forge))
			if err != nil {
				t.Fatal(err)
			}
			if r := got.Repositories[0]; r.Name != test.name {
				t.Errorf("the name is %q, want %q", r.Name, test.name)
			}
			if diff := cmp.Diff(test.want, got.Repositories[0].Auth); diff != "" {
				t.Errorf("auth (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGitAuthProblems(t *testing.T) {
	const ssh, https = "git@git.example.com:acme/deploy", "https://git.example.com/acme/deploy"
	for name, test := range map[string]struct{ url, auth, forge, want string }{
		"ssh without auth":            {ssh, "", "plain", "auth.ssh is missing"},
		"no known hosts":              {ssh, "ssh: {privateKeyFile: /k}", "plain", "ssh-keyscan git.example.com"},
		"neither key nor agent":       {ssh, "ssh: {knownHostsFile: /h}", "plain", "one of privateKeyFile and agent"},
		"key and agent":               {ssh, "ssh: {knownHostsFile: /h, privateKeyFile: /k, agent: true}", "plain", "one of privateKeyFile and agent"},
		"passphrase of no key":        {ssh, "ssh: {knownHostsFile: /h, agent: true, passphraseFile: /p}", "plain", "without a privateKeyFile"},
		"certificate of no key":       {ssh, "ssh: {knownHostsFile: /h, agent: true, certificateFile: /c}", "plain", "without a privateKeyFile"},
		"two users":                   {ssh, "ssh: {knownHostsFile: /h, agent: true, user: pat}", "plain", "both name a user"},
		"HTTP's user":                 {ssh, "ssh: {knownHostsFile: /h, agent: true}, username: pat", "plain", "is for HTTP"},
		"a token for nothing":         {ssh, "ssh: {knownHostsFile: /h, agent: true}, tokenEnv: T", "plain", "that nothing uses"},
		"an unknown field":            {ssh, "ssh: {knownHostFile: /h}", "plain", "knownHostsFile"},
		"checking off":                {ssh, "ssh: {strictHostKeyChecking: false}", "plain", "strictHostKeyChecking"},
		"ssh with https":              {https, "ssh: {knownHostsFile: /h, agent: true}", "plain", "ssh://git@git.example.com/acme/deploy"},
		"half a certificate":          {https, "clientCertificate: {certFile: /c}", "plain", "clientCertificate is incomplete"},
		"not a proxy":                 {https, "proxy: 'proxy.example.com:3128'", "plain", "isn't the URL of a proxy"},
		"a proxy's password":          {https, "proxy: 'http://pat:hunter2@proxy.example.com:3128'", "plain", "proxyFile"},
		"two proxies":                 {https, "proxy: 'http://p:1', proxyFile: /p", "plain", "proxy and proxyFile"},
		"a password for ssh":          {"ssh://git:hunter2@git.example.com/a", "", "plain", "put them under auth"},
		"a repository without a path": {"ssh://git@git.example.com", "", "plain", "isn't a repository's address"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.ParseBot("bot.yaml", repository(test.url, test.auth, test.forge))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q in it", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}
