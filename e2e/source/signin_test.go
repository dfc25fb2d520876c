package source_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/proxytest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestSSH reads over a real sshd with an encrypted key. A host that known_hosts doesn't
// describe gets nothing, and one whose key changes loses what it had.
func TestSSH(t *testing.T) {
	t.Parallel()
	server, r := sshd.New(t, sshd.Options{}), newRepository(t)
	key, other := sshd.NewKey(t, sshd.ED25519), sshd.NewKey(t, sshd.ED25519)
	server.Authorize(key.Public)
	head := r.put("1")
	s := newScene(t)
	source := v1.Source{URL: server.URL(r.Dir("deploy")), SecretRef: s.secret("ssh", map[string]string{
		"identity": key.PEM("hunter2").Reveal(), "password": "hunter2",
	})}
	s.sync("app", source, folder)
	s.fails("app", v1.ReasonAuthentication, "needs the key known_hosts", "ssh-keyscan")
	with := func(identity sshd.Key, passphrase string, hosts []byte) {
		s.secret("ssh", map[string]string{"identity": identity.PEM("hunter2").Reveal(), "password": passphrase, "known_hosts": string(hosts)})
	}
	with(key, "hunter3", server.KnownHosts())
	s.fails("app", v1.ReasonAuthentication, "passphrase is wrong")
	with(key, "hunter2", sshd.KnownHosts(server.Address, other.Public))
	s.fails("app", v1.ReasonAuthentication, "the host isn't trusted", "known_hosts")
	with(key, "hunter2", server.KnownHosts())
	s.ready("app", "main@sha1:"+head)

	// The key is taken away, and another one is given.
	server.Authorize(other.Public)
	server.Drop() // who is signed in stays so
	s.fails("app", v1.ReasonAuthentication, "not authorized", "what is applied stays")
	s.holds("1")
	with(other, "hunter2", server.KnownHosts())
	s.ready("app", "main@sha1:"+r.put("2"))
	s.silent("hunter2", "PRIVATE KEY")
}

func TestHTTPCredentials(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	head := r.put("1")
	r.RequireAuth("pat", "s3cret")
	s.sync("app", v1.Source{URL: r.url, SecretRef: &v1.SecretReference{Name: "git"}}, folder)
	s.fails("app", v1.ReasonAuthentication, `"git" not found`)
	for _, tt := range []struct {
		data  map[string]string
		words []string
	}{
		{map[string]string{"token": "x"}, []string{"it has none of the keys username, password"}},
		{map[string]string{"username": "pat"}, []string{"a username and no password"}},
		{map[string]string{"username": "pat", "password": "x", "bearerToken": "y"}, []string{"more than one way to sign in"}},
		{map[string]string{"identity": "x", "known_hosts": "y"}, []string{"the address isn't an ssh one"}},
		{map[string]string{"ca.crt": "x"}, []string{"ca.crt or proxy: the CA bundle holds no PEM certificate"}},
		{map[string]string{"tls.crt": "x"}, []string{"one of tls.crt and tls.key"}},
		{map[string]string{"proxy": "x"}, []string{"the proxy's URL can't be used"}},
		{map[string]string{"githubAppID": "1"}, []string{"can't sign in as a GitHub App"}},
		{map[string]string{"username": "pat", "password": "wr0ng"}, []string{"not authorized", "401"}},
	} {
		s.secret("git", tt.data)
		s.fails("app", v1.ReasonAuthentication, tt.words...)
	}
	s.secret("git", map[string]string{"username": "pat", "password": "s3cret"})
	s.ready("app", "main@sha1:"+head)

	// The password is changed at the forge first, and then here.
	r.RequireAuth("pat", "n3w")
	s.fails("app", v1.ReasonAuthentication, "not authorized", "what is applied stays")
	s.holds("1")
	s.secret("git", map[string]string{"username": "pat", "password": "n3w"})
	s.ready("app", "main@sha1:"+r.put("2"))
	s.silent("s3cret", "wr0ng", "n3w")
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	head := r.put("1")
	r.Fault(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Header.Get("Authorization") == "Bearer s3cret" {
			return false
		}
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return true
	})
	s.sync("app", v1.Source{URL: r.url, SecretRef: s.secret("git", map[string]string{"bearerToken": "s3cret\n"})}, folder)
	s.ready("app", "main@sha1:"+head)
}

// TestCredentialStaysWithItsHost has a repository that redirects to another host.
func TestCredentialStaysWithItsHost(t *testing.T) {
	t.Parallel()
	s, r, elsewhere := newScene(t), newRepository(t), newRepository(t)
	elsewhere.put("trap")
	r.Fault(func(w http.ResponseWriter, req *http.Request) bool {
		http.Redirect(w, req, elsewhere.URL+req.URL.RequestURI(), http.StatusFound) //nolint:gosec // it is the trap
		return true
	})
	s.sync("app", v1.Source{URL: r.url, SecretRef: s.secret("git", map[string]string{"username": "pat", "password": "s3cret"})}, folder)
	s.fails("app", v1.ReasonGitFailed, "redirects to "+elsewhere.URL)
	if asked := elsewhere.Requests(); len(asked) > 0 {
		t.Errorf("the other host was asked: %v", asked)
	}
}

// TestPrivateTLS reads from a server of a private authority, from one that asks for a
// certificate of ours, and through a proxy that asks for a password.
func TestPrivateTLS(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	certificate, key, pool := clientCertificate(t)
	private, mutual, plain := gitrepotest.NewTLS(t), gitrepotest.NewMutualTLS(t, pool), gitrepotest.New(t)
	proxy := proxytest.New(t, "pat", "s3cret", 0)
	for _, tt := range []struct {
		name   string
		server *gitrepotest.Server
		bad    map[string]string
		reason string
		words  []string
		good   map[string]string
	}{
		{"authority", private, map[string]string{"password": "x"}, v1.ReasonGitFailed, []string{"certificate"}, map[string]string{"ca.crt": string(private.CA())}},
		{
			"certificate", mutual, map[string]string{"ca.crt": string(mutual.CA())}, v1.ReasonAuthentication, []string{"not authorized"},
			map[string]string{"ca.crt": string(mutual.CA()), "tls.crt": certificate, "tls.key": key},
		},
		{
			"proxy", plain, map[string]string{"proxy": "http://pat:wr0ng@" + proxy.Address}, v1.ReasonAuthentication, []string{"not authorized"},
			map[string]string{"proxy": "http://pat:s3cret@" + proxy.Address},
		},
	} {
		url := tt.server.Create("deploy")
		head := tt.server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{tt.name + ".yaml": manifest(tt.name, "1")}})
		s.sync(tt.name, v1.Source{URL: url, SecretRef: s.secret(tt.name, tt.bad)}, folder)
		s.fails(tt.name, tt.reason, tt.words...)
		s.secret(tt.name, tt.good)
		s.ready(tt.name, "main@sha1:"+head)
	}
	if len(proxy.Targets()) == 0 || strings.Contains(s.log.String(), "s3cret") {
		t.Errorf("the proxy was asked for %v, or its password is in the log", proxy.Targets())
	}
}
