package gitwriter_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/gitsign"
	"github.com/towline-dev/towline/internal/gitsign/gitsigntest"
)

const (
	botName  = "Bot"
	botEmail = "bot@example.com"
)

// signer reads a key from a file.
func signer(t *testing.T, format gitsign.Format, file string) *gitsign.Key {
	t.Helper()
	text, err := gitsign.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := gitsign.New(gitsign.Config{Format: format, Key: text, Email: botEmail})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signing makes a bot of a key, or of none.
func signing(key *gitsign.Key) func(*gitwriter.Config) {
	return func(c *gitwriter.Config) {
		c.CommitterName, c.CommitterEmail = botName, botEmail
		if key != nil {
			c.Signer = key
		}
	}
}

func (w *world) signed(u gitwriter.Update, key *gitsign.Key) gitwriter.Outcome {
	w.t.Helper()
	out, err := w.writer(w.repo(), w.forge, signing(key)).Write(w.t.Context(), u)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestGitVerifiesOurCommits(t *testing.T) {
	t.Parallel()
	ssh := gitsigntest.SSHKey(t, "", "ed25519")
	ring := gitsigntest.NewGnuPG(t)
	ring.Run("", "--quick-generate-key", botName+" <"+botEmail+">", "ed25519", "sign,cert", "0")
	for _, test := range []struct {
		name     string
		key      *gitsign.Key
		env      []string
		settings []string
	}{
		{"ssh", signer(t, gitsign.FormatSSH, ssh), nil, []string{gitsigntest.AllowedSigner(t, ssh, botEmail)}},
		{"openpgp", signer(t, gitsign.FormatOpenPGP, ring.Export("", botEmail)), []string{"GNUPGHOME=" + ring.Home}, nil},
	} {
		for _, mode := range []gitwriter.Mode{gitwriter.ModePullRequest, gitwriter.ModeCommit} {
			t.Run(test.name+" "+string(mode), func(t *testing.T) {
				w := newWorld(t)
				u := updateTo("1.1.0")
				u.Mode, u.RequireSigned, u.SignOff = mode, true, true
				u.AuthorName, u.AuthorEmail = "Árvíztűrő Tükörfúrógép", "author@example.com"
				out := w.signed(u, test.key)
				said, ok := gitsigntest.VerifyCommit(t, w.git.Dir(repoName), string(out.Commit), test.env, test.settings...)
				if !ok {
					t.Errorf("git verify-commit isn't satisfied:\n%s", said)
				}
				if got := w.git.Git(repoName, "log", "-1", "--format=%an <%ae>|%cn <%ce>|%(trailers:key=Signed-off-by)", string(out.Commit)); strings.TrimSpace(got) !=
					"Árvíztűrő Tükörfúrógép <author@example.com>|Bot <bot@example.com>|Signed-off-by: Bot <bot@example.com>" {
					t.Errorf("the commit is by %s", got)
				}
			})
		}
	}
}

// TestKeysChange: turning signing on, or changing the key, signs what is open anew and
// opens nothing twice; turning it off leaves it as it is.
func TestKeysChange(t *testing.T) {
	w := newWorld(t)
	first, second := gitsigntest.SSHKey(t, "", "ed25519"), gitsigntest.SSHKey(t, "", "ecdsa")
	unsigned := w.signed(updateTo("1.1.0"), nil)
	for i, file := range []string{first, first, second} {
		out := w.signed(updateTo("1.1.0"), signer(t, gitsign.FormatSSH, file))
		want := gitwriter.ActionUpdated
		if i == 1 {
			want = gitwriter.ActionUnchanged
		}
		w.wants(out, want)
		if want == gitwriter.ActionUpdated && !strings.Contains(out.Reason, "signed anew") {
			t.Errorf("the reason is %q", out.Reason)
		}
		if out.Commit == unsigned.Commit {
			t.Error("the commit is still the unsigned one")
		}
		if said, ok := gitsigntest.VerifyCommit(t, w.git.Dir(repoName), w.git.Head(repoName, "towline/web"), nil, gitsigntest.AllowedSigner(t, file, botEmail)); !ok {
			t.Errorf("git verify-commit isn't satisfied:\n%s", said)
		}
	}
	w.wants(w.signed(updateTo("1.1.0"), nil), gitwriter.ActionUnchanged)
	if open := w.forge.open(); len(open) != 1 {
		t.Errorf("open pull requests: %v", open)
	}
}

// TestForgedCommitIsReplaced: a commit that has our name and trailers, and the very
// files that ours would have, but not our signature.
func TestForgedCommitIsReplaced(t *testing.T) {
	w := newWorld(t)
	file := gitsigntest.SSHKey(t, "", "ed25519")
	key := signer(t, gitsign.FormatSSH, file)
	ours := w.signed(updateTo("1.1.0"), key)
	object := w.git.Git(repoName, "cat-file", "commit", string(ours.Commit))
	before, rest, _ := strings.Cut(object, "gpgsig ")
	_, message, _ := strings.Cut(rest, "-----END SSH SIGNATURE-----\n")
	forged := w.git.GitInput(repoName, []byte(before+message+"\n"), "hash-object", "-t", "commit", "-w", "--stdin")
	w.git.Git(repoName, "update-ref", "refs/heads/towline/web", forged)
	out := w.signed(updateTo("1.1.0"), key)
	w.wants(out, gitwriter.ActionUpdated)
	if said, ok := gitsigntest.VerifyCommit(t, w.git.Dir(repoName), w.git.Head(repoName, "towline/web"), nil, gitsigntest.AllowedSigner(t, file, botEmail)); !ok {
		t.Errorf("git verify-commit isn't satisfied:\n%s", said)
	}
}

// TestPersonsCommitStaysWhoeverSigned: signing makes no difference to who may be replaced.
func TestPersonsCommitStaysWhoeverSigned(t *testing.T) {
	w := newWorld(t)
	key := signer(t, gitsign.FormatSSH, gitsigntest.SSHKey(t, "", "ed25519"))
	w.signed(updateTo("1.1.0"), key)
	theirs := w.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/web", Files: map[string]string{"fix": "x"}})
	w.wants(w.signed(updateTo("1.2.0"), key), gitwriter.ActionFrozen)
	if got := w.git.Head(repoName, "towline/web"); got != theirs {
		t.Errorf("the person's commit %s is gone: %s", theirs, got)
	}
}

func TestNothingUnsignedIsPushed(t *testing.T) {
	w := newWorld(t)
	for _, mode := range []gitwriter.Mode{gitwriter.ModePullRequest, gitwriter.ModeCommit} {
		u := updateTo("1.1.0")
		u.Mode, u.RequireSigned = mode, true
		before := w.git.Git(repoName, "for-each-ref")
		if _, err := w.writer(w.repo(), w.forge).Write(t.Context(), u); err == nil || !strings.Contains(err.Error(), "requires signed commits") {
			t.Errorf("%s: %v", mode, err)
		}
		if _, err := w.writer(w.repo(), w.forge).Preview(t.Context(), u); err == nil {
			t.Errorf("%s: a preview has no error", mode)
		}
		if after := w.git.Git(repoName, "for-each-ref"); after != before {
			t.Errorf("%s: something was pushed:\n%s", mode, after)
		}
	}
}
