package source_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitsign/gitsigntest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// author is a clone of a repository whose owner signs with the real git.
type author struct {
	testing.TB
	dir      string
	settings []string
}

func newAuthor(t *testing.T, r repository, settings ...string) *author {
	t.Helper()
	a := &author{TB: t, dir: filepath.Join(t.TempDir(), "clone"), settings: settings}
	if _, err := os.Stat(filepath.Join(r.Dir("deploy"), "refs", "heads", "main")); err != nil {
		r.put("0")
	}
	a.run("", "clone", "-q", r.url, a.dir)
	return a
}

func (a *author) git(args ...string) string { a.Helper(); return a.run(a.dir, args...) }

func (a *author) run(dir string, args ...string) string {
	a.Helper()
	common := []string{"-c", "user.name=Pat", "-c", "user.email=pat@example.com"}
	for _, s := range a.settings {
		common = append(common, "-c", s)
	}
	cmd := exec.CommandContext(a.Context(), "git", append(common, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// push commits a value, signed where sign is -S, and gives the commit.
func (a *author) push(value string, sign ...string) string {
	a.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, "a.yaml"), []byte(manifest("a", value)), 0o600); err != nil {
		a.Fatal(err)
	}
	a.git("add", "-A")
	a.git(append([]string{"commit", "-q", "-m", value}, sign...)...)
	a.git("push", "-q", "-f", "origin", "HEAD:main")
	return a.git("rev-parse", "HEAD")
}

// tag makes a tag and pushes it.
func (a *author) tag(name string, args ...string) {
	a.Helper()
	a.git(append([]string{"tag", "-f", name}, args...)...)
	a.git("push", "-q", "-f", "origin", "refs/tags/"+name)
}

func ssh(t *testing.T) (settings []string, public string) {
	t.Helper()
	file := gitsigntest.SSHKey(t, "", "ed25519")
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return []string{"gpg.format=ssh", "user.signingKey=" + file}, string(text)
}

func (s *scene) verified(url, mode string, keys map[string]string) v1.Source {
	return v1.Source{URL: url, Verify: &v1.Verification{Mode: mode, SecretRef: *s.secret("keys", keys)}}
}

// TestSignedCommits follows a branch on which not all is signed.
func TestSignedCommits(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	settings, public := ssh(t)
	foreign, other := ssh(t)
	a, stranger := newAuthor(t, r, settings...), newAuthor(t, r, foreign...)
	first := a.push("1", "-S")
	s.sync("app", s.verified(r.url, "head", map[string]string{"pat": `pat@example.com namespaces="git" ` + public}), folder)
	s.ready("app", "main@sha1:"+first)

	bad := a.push("2")
	s.fails("app", v1.ReasonVerificationFailed, "commit "+bad, "isn't signed", "nothing of it is built or applied")
	s.holds("1")
	stranger.git("pull", "-q", "origin", "main")
	bad = stranger.push("3", "-S")
	s.fails("app", v1.ReasonVerificationFailed, "commit "+bad, "a key that isn't known", "SHA256:")
	s.holds("1")

	// The stranger becomes a friend: the Secret is read again by itself.
	s.secret("keys", map[string]string{"pat": public, "friend": other})
	s.ready("app", "main@sha1:"+bad)
	s.holds("3")

	// A key's time is over, whatever the commit says of its own.
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format("20060102")
	s.secret("keys", map[string]string{"pat": `pat@example.com valid-before="` + yesterday + `" ` + public})
	a.git("pull", "-q", "origin", "main")
	bad = a.push("4", "-S", "--date=2020-01-01T00:00:00Z")
	s.fails("app", v1.ReasonVerificationFailed, "commit "+bad)
	s.holds("3")
	s.secret("keys", map[string]string{"pat": "hunter2"})
	s.fails("app", v1.ReasonVerificationFailed, "line 1: it isn't a public key")
	s.silent("hunter2")
}

// TestSignedTags asks for the tag's signature, and for both.
func TestSignedTags(t *testing.T) {
	t.Parallel()
	s, r := newScene(t), newRepository(t)
	ring := gitsigntest.NewGnuPG(t)
	ring.Run("", "--quick-generate-key", "Pat <pat@example.com>", "ed25519", "sign,cert", "0")
	public := ring.Run("", "--armor", "--export", "pat@example.com")
	program := filepath.Join(t.TempDir(), "gpg")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec gpg --homedir '"+ring.Home+"' --batch \"$@\"\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	a := newAuthor(t, r, "gpg.program="+program, "user.signingKey=pat@example.com")
	first := a.push("1")
	a.tag("v1.0.0", "-s", "-m", "One")
	source := s.verified(r.url, "tag", map[string]string{"pat.asc": public})
	source.Semver = "1.x"
	s.sync("app", source, folder)
	s.ready("app", "v1.0.0@sha1:"+first)

	second := a.push("2", "-S")
	a.tag("v1.1.0")
	s.fails("app", v1.ReasonVerificationFailed, `tag "v1.1.0" is a lightweight tag`)
	a.tag("v1.1.0", "-a", "-m", "Unsigned")
	s.fails("app", v1.ReasonVerificationFailed, `tag "v1.1.0"`, "isn't signed")
	s.holds("1")
	// An old tag under a new name has a good signature, of something else.
	a.git("push", "-q", "-f", "origin", "refs/tags/v1.0.0:refs/tags/v1.2.0")
	s.fails("app", v1.ReasonVerificationFailed, `tag "v1.2.0" is in truth the tag "v1.0.0"`)
	s.holds("1")
	a.git("push", "-q", "origin", ":refs/tags/v1.2.0")
	a.tag("v1.1.0", "-s", "-m", "Two")
	s.ready("app", "v1.1.0@sha1:"+second)

	s.edit("app", func(y *v1.Sync) { y.Spec.Source.Verify.Mode = "both" })
	s.awaitSync("app", "ready with both", func(y *v1.Sync) bool { return readyNow(y) && y.Status.ObservedGeneration == 2 })
	a.push("3")
	a.tag("v1.3.0", "-s", "-m", "Three")
	s.fails("app", v1.ReasonVerificationFailed, "commit ", "isn't signed")
	s.holds("2")
	s.edit("app", func(y *v1.Sync) { y.Spec.Source.Semver, y.Spec.Source.Branch = "", "main" })
	s.fails("app", v1.ReasonVerificationFailed, "follows no tag")
}
