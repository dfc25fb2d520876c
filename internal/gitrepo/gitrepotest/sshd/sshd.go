// Package sshd runs a real OpenSSH server for tests, as the person who runs them and
// on a free port of 127.0.0.1, behind a relay that can cut, hang and count
// connections. Where there is no sshd, the test is skipped.
package sshd

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Server is one sshd. Its user may run what the person who runs the test may.
type Server struct {
	// Relay is what clients connect to.
	*Relay

	tb         testing.TB
	dir        string
	user       string
	publicKeys []ssh.PublicKey // of the host
}

// Options are what a test wants otherwise.
type Options struct {
	// HostKeys are the host's own. Default: one of ed25519.
	HostKeys []Key
	// HostCertificates are for HostKeys, in that order.
	HostCertificates []*ssh.Certificate
	// UserAuthority is trusted to sign users' certificates. Default: none.
	UserAuthority ssh.PublicKey
	// Command runs in place of what is asked for, which it finds in
	// SSH_ORIGINAL_COMMAND. Default: what is asked for.
	Command string
	// Lines are further ones of sshd_config(5).
	Lines []string
}

// New starts a server that stops with the test.
func New(tb testing.TB, o Options) *Server {
	tb.Helper()
	program, ok := Find()
	if !ok {
		tb.Skip("SKIPPED, as there is no sshd on this machine: install openssh-server")
	}
	me, err := user.Current()
	if err != nil {
		tb.Fatal(err)
	}
	if len(o.HostKeys) == 0 {
		o.HostKeys = []Key{NewKey(tb, ED25519)}
	}
	s := &Server{tb: tb, dir: tb.TempDir(), user: me.Username}
	for _, key := range o.HostKeys {
		s.publicKeys = append(s.publicKeys, key.Public)
	}
	s.Authorize()
	s.Relay = NewRelay(tb, s.start(program, s.configure(o)))
	return s
}

// Find gives the path of sshd, which is mostly not on a person's PATH.
func Find() (path string, ok bool) {
	for _, name := range []string{"sshd", "/usr/sbin/sshd", "/usr/local/sbin/sshd"} {
		if path, err := exec.LookPath(name); err == nil && filepath.IsAbs(path) {
			return path, true
		}
	}
	return "", false
}

func (s *Server) configure(o Options) string {
	s.tb.Helper()
	lines := []string{
		"UsePAM no", "StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"PermitRootLogin prohibit-password", "AuthorizedKeysFile " + filepath.Join(s.dir, "authorized_keys"),
		"PidFile none", "PrintMotd no", "LogLevel VERBOSE", "MaxStartups 100",
		"SetEnv GIT_CONFIG_GLOBAL=" + os.DevNull + " GIT_CONFIG_NOSYSTEM=1",
	}
	for i, key := range o.HostKeys {
		lines = append(lines, "HostKey "+s.write(fmt.Sprintf("host-%d", i), []byte(key.PEM("").Reveal())))
	}
	for i, certificate := range o.HostCertificates {
		lines = append(lines, "HostCertificate "+s.write(fmt.Sprintf("host-%d-cert.pub", i), ssh.MarshalAuthorizedKey(certificate)))
	}
	if o.UserAuthority != nil {
		lines = append(lines, "TrustedUserCAKeys "+s.write("authority.pub", ssh.MarshalAuthorizedKey(o.UserAuthority)))
	}
	if o.Command != "" {
		lines = append(lines, "ForceCommand "+o.Command)
	}
	return s.write("sshd_config", []byte(strings.Join(append(lines, o.Lines...), "\n")+"\n"))
}

func (s *Server) write(name string, data []byte) string {
	s.tb.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.tb.Fatal(err)
	}
	return path
}

// start runs sshd and gives its address. The port is free when it is chosen and may
// not be when sshd takes it, so a second and a third are tried.
func (s *Server) start(program, config string) string {
	s.tb.Helper()
	if os.Getuid() == 0 { // sshd's folder for privilege separation, which a package's init script makes
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			s.tb.Fatal(err)
		}
	}
	for try := 1; ; try++ {
		address, said, ok := s.run(program, config)
		if ok {
			return address
		}
		if try == 3 {
			s.tb.Fatalf("sshd doesn't start:\n%s", said)
		}
	}
}

func (s *Server) run(program, config string) (address, said string, ok bool) {
	s.tb.Helper()
	free, err := (&net.ListenConfig{}).Listen(s.tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.tb.Fatal(err)
	}
	address = free.Addr().String()
	if err := free.Close(); err != nil {
		s.tb.Fatal(err)
	}
	cmd := exec.CommandContext(s.tb.Context(), program, "-D", "-e", "-f", config, "-o", "ListenAddress="+address)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	var text bytes.Buffer
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "Server listening on ") {
			ended := make(chan struct{})
			go func() { // sshd and its children stop where nobody reads
				defer close(ended)
				for lines.Scan() {
				}
				_ = cmd.Wait() // it was killed
			}()
			s.tb.Cleanup(func() { <-ended }) // the test's context has ended it
			return address, "", true
		}
	}
	_ = cmd.Wait() // what it said tells more than its status
	return "", text.String(), false
}

// URL is the address of a folder on the server, by the relay.
func (s *Server) URL(dir string) string { return "ssh://" + s.user + "@" + s.Address + dir }

// User is the server's only user.
func (s *Server) User() string { return s.user }

// Authorize lets in these keys and no others.
func (s *Server) Authorize(keys ...ssh.PublicKey) {
	s.tb.Helper()
	var lines []byte
	for _, key := range keys {
		lines = append(lines, ssh.MarshalAuthorizedKey(key)...)
	}
	s.write("authorized_keys", lines)
}

// KnownHosts is the line for each of the host's keys.
func (s *Server) KnownHosts() []byte { return KnownHosts(s.Address, s.publicKeys...) }
