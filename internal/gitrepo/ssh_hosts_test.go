package gitrepo_test

import (
	"bytes"
	"net"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
)

// knowing is an identity that knows hosts by these lines alone.
func knowing(lines ...[]byte) func(*gitrepo.SSH) {
	return func(i *gitrepo.SSH) { i.KnownHosts = bytes.Join(lines, nil) }
}

// marked puts a marker before a line.
func marked(marker string, line []byte) []byte { return append([]byte(marker+" "), line...) }

func TestSSHHosts(t *testing.T) {
	t.Parallel()
	ed, rsa, other := sshd.NewKey(t, sshd.ED25519), sshd.NewKey(t, sshd.RSA), sshd.NewKey(t, sshd.ED25519)
	r := overSSH(t, sshd.Options{HostKeys: []sshd.Key{ed, rsa}})
	host, port, err := net.SplitHostPort(r.Address)
	if err != nil {
		t.Fatal(err)
	}
	line := func(name string, key sshd.Key) []byte {
		return []byte(name + " " + string(ssh.MarshalAuthorizedKey(key.Public)))
	}
	known := sshd.KnownHosts(r.Address, ed.Public)
	elsewhere := sshd.KnownHosts("git.example.com:22", ed.Public)
	checkSignIn(t, r, map[string]signIn{
		"both keys":                   {knowing(known, sshd.KnownHosts(r.Address, rsa.Public)), nil, ""},
		"the first key":               {knowing(known), nil, ""},
		"the second key":              {knowing(sshd.KnownHosts(r.Address, rsa.Public)), nil, ""},
		"among others and comments":   {knowing([]byte("# ours\n\n"), elsewhere, known), nil, ""},
		"hashed":                      {knowing(hashed(t, known)), nil, ""},
		"hashed, another":             {knowing(hashed(t, sshd.KnownHosts("127.0.0.1:1", ed.Public))), gitrepo.ErrHostKey, "doesn't know"},
		"without its port":            {knowing(line(host, ed)), nil, ""},
		"pattern":                     {knowing(line("[127.0.0.*]:"+port, ed)), nil, ""},
		"pattern, negated":            {knowing(line("*,![127.0.0.1]:"+port+",!127.0.0.1", ed)), gitrepo.ErrHostKey, "doesn't know"},
		"unknown":                     {knowing(elsewhere), gitrepo.ErrHostKey, ssh.FingerprintSHA256(ed.Public)},
		"another port's":              {knowing(line("["+host+"]:1", ed)), gitrepo.ErrHostKey, "doesn't know"},
		"changed":                     {knowing(sshd.KnownHosts(r.Address, other.Public)), gitrepo.ErrHostKey, "known is ssh-ed25519 " + ssh.FingerprintSHA256(other.Public) + " in line 1"},
		"changed, says what is shown": {knowing(sshd.KnownHosts(r.Address, other.Public)), gitrepo.ErrHostKey, ssh.FingerprintSHA256(ed.Public)},
		"changed, two are known":      {knowing(sshd.KnownHosts(r.Address, other.Public), known), nil, ""},
		"no key of a known type":      {knowing(sshd.KnownHosts(r.Address, sshd.NewKey(t, sshd.ECDSA).Public)), gitrepo.ErrHostKey, "of a type"},
		"revoked":                     {knowing(known, marked("@revoked", line("*", ed))), gitrepo.ErrHostKey, "revoked by line 2"},
		"another revoked":             {knowing(known, marked("@revoked", line("*", other))), nil, ""},
		"an authority isn't a key":    {knowing(marked("@cert-authority", known)), gitrepo.ErrHostKey, "of a type"},
		"nothing":                     {knowing(), nil, "ssh-keyscan"},
		"only comments":               {knowing([]byte("# none\n")), nil, "ssh-keyscan"},
		"a line that isn't one":       {knowing(known, []byte("git.example.com ssh-ed25519\n")), nil, "line 2"},
		"an unknown marker":           {knowing(marked("@trusted", known)), nil, "@trusted"},
	})
}

func TestSSHHostCertificates(t *testing.T) {
	t.Parallel()
	ed, authority, other := sshd.NewKey(t, sshd.RSA), sshd.NewKey(t, sshd.ED25519), sshd.NewKey(t, sshd.ED25519)
	host := func(names []string, change ...func(*ssh.Certificate)) reached {
		t.Helper()
		certificate := authority.Sign(ssh.HostCert, ed.Public, names, change...)
		return overSSH(t, sshd.Options{HostKeys: []sshd.Key{ed}, HostCertificates: []*ssh.Certificate{certificate}})
	}
	trust := func(key sshd.Key) []byte {
		return marked("@cert-authority", []byte("*,[127.*]:* "+string(ssh.MarshalAuthorizedKey(key.Public))))
	}
	revoke := func(key sshd.Key) []byte {
		return marked("@revoked", []byte("* "+string(ssh.MarshalAuthorizedKey(key.Public))))
	}
	r := host([]string{"127.0.0.1"})
	checkSignIn(t, r, map[string]signIn{
		"its authority":                 {knowing(trust(authority)), nil, ""},
		"another authority":             {knowing(trust(other)), gitrepo.ErrHostKey, "isn't the host"},
		"another, but its key":          {knowing(trust(other), r.KnownHosts()), nil, ""},
		"its key alone":                 {knowing(r.KnownHosts()), nil, ""},
		"its authority, revoked":        {knowing(trust(authority), revoke(authority)), gitrepo.ErrHostKey, "revoked"},
		"its key, revoked":              {knowing(trust(authority), revoke(ed)), gitrepo.ErrHostKey, "revoked"},
		"the authority as a host's key": {knowing(sshd.KnownHosts(r.Address, authority.Public)), gitrepo.ErrHostKey, "of a type"},
	})
	for name, bad := range map[string]reached{
		"for another name": host([]string{"git.example.com"}),
		"expired":          host([]string{"127.0.0.1"}, func(c *ssh.Certificate) { c.ValidBefore = 1 }),
	} {
		checkSignIn(t, bad, map[string]signIn{
			name:               {knowing(trust(authority)), gitrepo.ErrHostKey, "certificate"},
			name + ", its key": {knowing(trust(authority), bad.KnownHosts()), gitrepo.ErrHostKey, "certificate"},
		})
	}
}
