package gitrepo_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
	"github.com/towline-dev/towline/internal/secret"
)

// signIn is an identity and what becomes of it. want nil is success; says is part of
// the error.
type signIn struct {
	change func(*gitrepo.SSH)
	want   error
	says   string
}

func checkSignIn(t *testing.T, r reached, tests map[string]signIn) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := r.Connections()
			_, err := open(t, r.url, r.as(test.change)).Head(t.Context(), "main")
			switch {
			case test.want == nil && test.says == "" && err != nil:
				t.Fatalf("got %v", err)
			case test.want != nil && !errors.Is(err, test.want):
				t.Fatalf("got %v, want %v", err, test.want)
			case err != nil && !strings.Contains(err.Error(), test.says), test.says != "" && err == nil:
				t.Fatalf("got %v, want something about %q", err, test.says)
			}
			var failed *gitrepo.Error
			if errors.As(err, &failed) && failed.Temporary() {
				t.Errorf("%v is temporary", err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds the passphrase: %v", err)
			}
			if got := r.Connections() - before; got > 1 {
				t.Errorf("%d connections, want 1 at most: that mends itself by no other try", got)
			}
		})
	}
}

func TestSSHKeys(t *testing.T) {
	t.Parallel()
	authority := sshd.NewKey(t, sshd.ED25519)
	r := overSSH(t, sshd.Options{UserAuthority: authority.Public})
	rsa, ecdsa, other := sshd.NewKey(t, sshd.RSA), sshd.NewKey(t, sshd.ECDSA), sshd.NewKey(t, sshd.ED25519)
	r.Authorize(r.key.Public, rsa.Public, ecdsa.Public)
	certificate := func(names ...string) []byte {
		return ssh.MarshalAuthorizedKey(authority.Sign(ssh.UserCert, other.Public, names))
	}
	fingerprint := ssh.FingerprintSHA256(other.Public)
	checkSignIn(t, r, map[string]signIn{
		"ed25519":          {func(*gitrepo.SSH) {}, nil, ""},
		"rsa":              {func(i *gitrepo.SSH) { i.PrivateKey = rsa.PEM("") }, nil, ""},
		"ecdsa":            {func(i *gitrepo.SSH) { i.PrivateKey = ecdsa.PEM("") }, nil, ""},
		"encrypted":        {func(i *gitrepo.SSH) { i.PrivateKey, i.Passphrase = r.key.PEM("hunter2"), secret.New("hunter2") }, nil, ""},
		"no passphrase":    {func(i *gitrepo.SSH) { i.PrivateKey = r.key.PEM("hunter2") }, gitrepo.ErrAuth, "no passphrase"},
		"wrong passphrase": {func(i *gitrepo.SSH) { i.PrivateKey, i.Passphrase = r.key.PEM("hunter2"), secret.New("hunter22") }, gitrepo.ErrAuth, "passphrase is wrong"},
		"another key":      {func(i *gitrepo.SSH) { i.PrivateKey = other.PEM("") }, gitrepo.ErrAuth, fingerprint},
		"certificate": {func(i *gitrepo.SSH) {
			i.PrivateKey, i.Certificate = other.PEM(""), certificate(r.User())
		}, nil, ""},
		"certificate for another user": {func(i *gitrepo.SSH) {
			i.PrivateKey, i.Certificate = other.PEM(""), certificate("nobody-else")
		}, gitrepo.ErrAuth, fingerprint},
		"certificate of another key": {func(i *gitrepo.SSH) { i.Certificate = certificate(r.User()) }, gitrepo.ErrAuth, "isn't the private key's"},
		"a bare public key":          {func(i *gitrepo.SSH) { i.Certificate = ssh.MarshalAuthorizedKey(other.Public) }, gitrepo.ErrAuth, "cert.pub"},
		"no key at all":              {func(i *gitrepo.SSH) { i.PrivateKey = secret.String{} }, gitrepo.ErrAuth, "neither"},
		"not a key":                  {func(i *gitrepo.SSH) { i.PrivateKey = secret.New("hunter2") }, gitrepo.ErrAuth, "private key"},
	})
}

func TestSSHAgent(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	serve := func(keys ...sshd.Key) string {
		t.Helper()
		held := agent.NewKeyring()
		for _, key := range keys {
			if err := held.Add(agent.AddedKey{PrivateKey: key.Private}); err != nil {
				t.Fatal(err)
			}
		}
		return listenUnix(t, func(conn net.Conn) { _ = agent.ServeAgent(held, conn) }) // ends with an error when the client goes
	}
	use := func(socket string) func(*gitrepo.SSH) {
		return func(i *gitrepo.SSH) { i.AgentSocket, i.PrivateKey = socket, secret.String{} }
	}
	rsa := sshd.NewKey(t, sshd.RSA)
	r.Authorize(r.key.Public, rsa.Public)
	checkSignIn(t, r, map[string]signIn{
		"its key":        {use(serve(r.key)), nil, ""},
		"its RSA key":    {use(serve(rsa)), nil, ""},
		"its second key": {use(serve(sshd.NewKey(t, sshd.ECDSA), r.key)), nil, ""},
		"no key":         {use(serve()), gitrepo.ErrAuth, "no key"},
		"another's key":  {use(serve(sshd.NewKey(t, sshd.ED25519))), gitrepo.ErrAuth, "let"},
		"no agent":       {use(filepath.Join(t.TempDir(), "none")), gitrepo.ErrAuth, "agent"},
	})
}

// listenUnix serves each connection to a socket until the test ends.
func listenUnix(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") //nolint:usetesting // t.TempDir's path may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer func() { _ = conn.Close() }(); serve(conn) }()
		}
	}()
	return socket
}

func TestSSHRotatedKey(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	identity := r.identity()
	asked := 0
	repo := open(t, r.url, func(c *gitrepo.Config) {
		c.Auth.SSH = func(context.Context) (gitrepo.SSH, error) { asked++; return identity, nil }
	})
	fetch(t, repo, "main")
	next := sshd.NewKey(t, sshd.ED25519)
	r.Authorize(next.Public)
	r.Drop()
	if _, err := repo.Head(t.Context(), "main"); !errors.Is(err, gitrepo.ErrAuth) {
		t.Fatalf("the old key: %v", err)
	}
	identity.PrivateKey = next.PEM("")
	fetch(t, repo, "main")
	if asked != 3 {
		t.Errorf("the identity was asked for %d times, want 3", asked)
	}
}

// A connection that is kept isn't kept from what has changed.
func TestSSHRotatedWhileConnected(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	next := sshd.NewKey(t, sshd.ED25519)
	identity := r.identity()
	repo := open(t, r.url, func(c *gitrepo.Config) {
		c.Auth.SSH = func(context.Context) (gitrepo.SSH, error) { return identity, nil }
	})
	fetch(t, repo, "main")
	identity.PrivateKey = next.PEM("")
	if _, err := repo.Head(t.Context(), "main"); !errors.Is(err, gitrepo.ErrAuth) {
		t.Errorf("a key that the host doesn't know: %v", err)
	}
	r.Authorize(r.key.Public, next.Public)
	fetch(t, repo, "main")
	identity.KnownHosts = append([]byte("@revoked "), identity.KnownHosts...)
	if _, err := repo.Head(t.Context(), "main"); !errors.Is(err, gitrepo.ErrHostKey) {
		t.Errorf("a host whose key is revoked: %v", err)
	}
}

// hashed is what ssh-keygen -H makes of known_hosts.
func hashed(t *testing.T, known []byte) []byte {
	t.Helper()
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("SKIPPED, as there is no ssh-keygen on this machine: install openssh-client")
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, known, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program, "-H", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	known, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(known, []byte("127.0.0.1")) {
		t.Fatal("ssh-keygen hasn't hashed the name")
	}
	return known
}
