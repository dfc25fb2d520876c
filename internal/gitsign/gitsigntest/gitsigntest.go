// Package gitsigntest makes keys with the real ssh-keygen and gpg, and verifies commits
// with the real git, for tests.
package gitsigntest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// SSHKey makes a key pair with `ssh-keygen -t` and the further arguments, and returns
// the private key's file; the public one's has .pub at its end.
func SSHKey(tb testing.TB, passphrase string, args ...string) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "key")
	run(tb, nil, nil, "ssh-keygen", append([]string{"-q", "-f", name, "-N", passphrase, "-C", "bot", "-t"}, args...)...)
	return name
}

// GnuPG is a keyring of its own.
type GnuPG struct {
	// Home is the GNUPGHOME.
	Home string
	tb   testing.TB
}

// NewGnuPG makes an empty keyring, whose agent ends with the test.
func NewGnuPG(tb testing.TB) *GnuPG {
	tb.Helper()
	// The agent's socket lies in it, and a socket's name mustn't be long.
	home, err := os.MkdirTemp("", "gpg") //nolint:usetesting // see above
	if err != nil {
		tb.Fatal(err)
	}
	g := &GnuPG{Home: home, tb: tb}
	tb.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() //nolint:noctx // the test's context has ended
		if err := os.RemoveAll(home); err != nil {
			tb.Error(err)
		}
	})
	return g
}

// Run runs gpg on the keyring, without asking anything, and returns what it prints.
func (g *GnuPG) Run(passphrase string, args ...string) string {
	g.tb.Helper()
	common := []string{"--homedir", g.Home, "--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", passphrase}
	return run(g.tb, nil, nil, "gpg", append(common, args...)...)
}

// Export writes the private key of an address into a file.
func (g *GnuPG) Export(passphrase, address string) string {
	g.tb.Helper()
	return File(g.tb, g.Run(passphrase, "--armor", "--export-secret-keys", address))
}

// File writes a file of mode 0600.
func File(tb testing.TB, text string) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "key")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}

// VerifyCommit runs `git verify-commit` in a repository with the settings, and returns
// what it says and whether it is satisfied.
func VerifyCommit(tb testing.TB, gitDir, commit string, env []string, settings ...string) (said string, ok bool) {
	tb.Helper()
	var args []string
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	cmd := exec.CommandContext(tb.Context(), "git", append(args, "verify-commit", "-v", commit)...)
	cmd.Dir = gitDir
	cmd.Env = append(environment(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// AllowedSigner writes a file for git's gpg.ssh.allowedSignersFile, which allows the
// private key of that file to sign for an address, and gives the setting.
func AllowedSigner(tb testing.TB, keyFile, address string) (setting string) {
	tb.Helper()
	public, err := os.ReadFile(keyFile + ".pub")
	if err != nil {
		tb.Fatal(err)
	}
	return "gpg.ssh.allowedSignersFile=" + File(tb, address+` namespaces="git" `+string(public))
}

func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1"}
}

func run(tb testing.TB, env []string, input []byte, name string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Env = append(environment(), env...)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out)
}
