package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo/giturl"
)

// credentialFiles is a folder of files by name, only ours to read.
type credentialFiles struct {
	t   *testing.T
	dir string
}

func (f credentialFiles) write(name, text string) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// sshKey gives a private key and the line of known_hosts for its public half.
func sshKey(t *testing.T, passphrase string) (private, known string) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	host, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), "git.example.com " + string(ssh.MarshalAuthorizedKey(host))
}

func withEnv(env map[string]string) process {
	return process{getenv: func(name string) string { return env[name] }}
}

func TestTokenFileIsReadAgain(t *testing.T) {
	files := credentialFiles{t, t.TempDir()}
	name := files.write("token", " first\n")
	auth, err := wireAuth(withEnv(nil), config.Auth{TokenFile: name})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second"} {
		got, err := auth.Token(t.Context())
		if err != nil || got.Reveal() != want {
			t.Errorf("got %q, %v, want %q", got.Reveal(), err, want)
		}
		files.write("token", "second")
	}
	files.write("token", "\n")
	if _, err := auth.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "auth.tokenFile") {
		t.Errorf("an empty file: %v", err)
	}
}

func TestClientCertificateIsReadAgain(t *testing.T) {
	a := newAuthority(t)
	issue := func() { a.issue("client", &x509.Certificate{SerialNumber: big.NewInt(2)}, a.key) }
	issue()
	where := config.ClientCertificate{CertFile: a.file("client.crt"), KeyFile: a.file("client.key")}
	auth, err := wireAuth(withEnv(nil), config.Auth{ClientCertificate: &where})
	if err != nil {
		t.Fatal(err)
	}
	load := func() *tls.Certificate {
		t.Helper()
		got, err := auth.ClientCertificate()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	before := load()
	issue()
	if cmp.Equal(before.Certificate, load().Certificate) {
		t.Error("the renewed certificate isn't used")
	}
}

func TestSSHIdentityIsReadAgain(t *testing.T) {
	files := credentialFiles{t, t.TempDir()}
	key, known := sshKey(t, "")
	s := config.SSHAuth{PrivateKeyFile: files.write("key", key), KnownHostsFile: files.write("known_hosts", known)}
	auth, err := wireAuth(withEnv(nil), config.Auth{SSH: &s})
	if err != nil {
		t.Fatal(err)
	}
	next, _ := sshKey(t, "")
	files.write("key", next)
	got, err := auth.SSH(t.Context())
	if err != nil || got.PrivateKey.Reveal() != next || string(got.KnownHosts) != known {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWireAuthRefuses(t *testing.T) {
	files := credentialFiles{t, t.TempDir()}
	plain, known := sshKey(t, "")
	locked, _ := sshKey(t, "hunter2")
	key, hosts := files.write("key", plain), files.write("known_hosts", known)
	open := files.write("open", plain)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	encrypted := files.write("encrypted", locked)
	wrong, empty, page := files.write("wrong", "hunter22"), files.write("empty", " \n"), files.write("page", "<h1>hunter2</h1>")
	large := files.write("large", strings.Repeat("x", maxCredential+1))
	using := func(s config.SSHAuth) config.Auth { return config.Auth{SSH: &s} }
	for name, test := range map[string]struct {
		auth config.Auth
		want string
	}{
		"no token":           {config.Auth{TokenEnv: "TOKEN"}, "TOKEN"},
		"an empty token":     {config.Auth{TokenFile: empty}, "is empty"},
		"no such token":      {config.Auth{TokenFile: filepath.Join(files.dir, "none")}, "none"},
		"half a certificate": {config.Auth{ClientCertificate: &config.ClientCertificate{CertFile: page, KeyFile: page}}, "client certificate"},
		"an empty proxy":     {config.Auth{ProxyFile: empty}, "auth.proxyFile"},
		"a key for all":      {using(config.SSHAuth{PrivateKeyFile: open, KnownHostsFile: hosts}), "others can read"},
		"a locked key":       {using(config.SSHAuth{PrivateKeyFile: encrypted, KnownHostsFile: hosts}), "no passphrase"},
		"a wrong passphrase": {using(config.SSHAuth{PrivateKeyFile: encrypted, PassphraseFile: wrong, KnownHostsFile: hosts}), "passphrase is wrong"},
		"not a key":          {using(config.SSHAuth{PrivateKeyFile: page, KnownHostsFile: hosts}), "private key"},
		"not a certificate":  {using(config.SSHAuth{PrivateKeyFile: key, CertificateFile: page, KnownHostsFile: hosts}), "certificate"},
		"too large a key":    {using(config.SSHAuth{PrivateKeyFile: large, KnownHostsFile: hosts}), "more than"},
		"no hosts":           {using(config.SSHAuth{PrivateKeyFile: key, KnownHostsFile: empty}), "known_hosts"},
		"no agent":           {using(config.SSHAuth{Agent: true, KnownHostsFile: hosts}), "SSH_AUTH_SOCK"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wireAuth(withEnv(nil), test.auth)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want something about %q and no secret", err, test.want)
			}
		})
	}
}

func TestForgeOfAnSSHRepository(t *testing.T) {
	files := credentialFiles{t, t.TempDir()}
	key, known := sshKey(t, "")
	ways := config.SSHAuth{PrivateKeyFile: files.write("key", key), KnownHostsFile: files.write("known_hosts", known)}
	for name, test := range map[string]struct{ url, origin, api string }{
		"GitHub":            {"git@github.com:acme/deploy.git", "https://github.com", "https://api.github.com"},
		"GitHub, port 443":  {"ssh://git@ssh.github.com:443/acme/deploy.git", "https://github.com", "https://api.github.com"},
		"GitHub over https": {"https://github.com/acme/deploy", "https://github.com", "https://api.github.com"},
		"Enterprise Server": {"git@ghe.example.com:acme/deploy", "https://ghe.example.com", "https://ghe.example.com/api/v3"},
		"another port":      {"ssh://git@git.example.com:2222/acme/deploy", "https://git.example.com", "https://git.example.com/api/v3"},
		"an address":        {"ssh://git@[::1]:2222/acme/deploy", "https://[::1]", "https://[::1]/api/v3"},
		"plain HTTP":        {"http://localhost:3000/acme/deploy", "http://localhost:3000", "http://localhost:3000/api/v3"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := giturl.Parse(test.url)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{test.origin, test.api}, []string{webOrigin(u), githubAPI(u)}); diff != "" {
				t.Errorf("origin and API (-want +got):\n%s", diff)
			}
			for _, forge := range []string{"github", "gitlab", "gitea"} {
				r := config.Repository{URL: test.url, Forge: config.Forge{Type: forge}, Auth: config.Auth{TokenEnv: "TOKEN", SSH: &ways}}
				if _, _, err := wireForge(withEnv(map[string]string{"TOKEN": "hunter2"}), r, wireQuotas(nil), slog.New(slog.DiscardHandler)); err != nil {
					t.Errorf("%s: %v", forge, err)
				}
			}
		})
	}
}
