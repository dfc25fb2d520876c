package gitrepo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/gitsign"
	"github.com/towline-dev/towline/internal/gitsign/gitsigntest"
)

func TestCommitsAreSigned(t *testing.T) {
	server, repo, base := based(t)
	file := gitsigntest.SSHKey(t, "", "ed25519")
	text, err := gitsign.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := gitsign.New(gitsign.Config{Format: gitsign.FormatSSH, Key: text})
	if err != nil {
		t.Fatal(err)
	}
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"a/x": []byte("9")}, Signer: key})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "next"}); err != nil {
		t.Fatal(err)
	}
	if said, ok := gitsigntest.VerifyCommit(t, server.Dir("deploy"), string(made), nil, gitsigntest.AllowedSigner(t, file, "pat@example.com")); !ok {
		t.Errorf("git verify-commit isn't satisfied:\n%s", said)
	}
	payload, signature, err := repo.Signed(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Verify(payload, signature); err != nil {
		t.Error(err)
	}
	if _, signature, err := repo.Signed(base); err != nil || len(signature) > 0 {
		t.Errorf("a commit without a signature has %q, %v", signature, err)
	}
	if _, _, err := repo.Signed(gitrepo.Hash(strings.Repeat("ab", 20))); !errors.Is(err, gitrepo.ErrNotFetched) {
		t.Errorf("want ErrNotFetched, got %v", err)
	}
}

// TestSignaturesOfOthers: what stands in a commit object is taken as git takes it.
func TestSignaturesOfOthers(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	tree := server.GitInput("deploy", nil, "mktree")
	before := "tree " + tree + "\nauthor Pat <pat@example.com> 1700000000 +0000\ncommitter Pat <pat@example.com> 1700000000 +0000\n"
	for _, test := range []struct{ name, headers, payload, signature string }{
		{"none", "\nTitle\n", "\nTitle\n", ""},
		{"signed", "gpgsig A\n \n B\n\nTitle\n", "\nTitle\n", "A\n\nB\n"},
		{"other headers", "x y\n z\ngpgsig A\n B\nencoding latin1\n z\n\nTitle\n", "x y\n z\nencoding latin1\n z\n\nTitle\n", "A\nB\n"},
		{"in the message", "\ngpgsig A\n B\n", "\ngpgsig A\n B\n", ""},
		{"no message", "gpgsig A\n B\n\n", "\n", "A\nB\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			made := server.GitInput("deploy", []byte(before+test.headers), "hash-object", "-t", "commit", "-w", "--literally", "--stdin")
			server.Git("deploy", "update-ref", "refs/heads/main", made)
			payload, signature, err := repo.Signed(fetch(t, repo, "main"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before+test.payload, string(payload)); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.signature, string(signature)); diff != "" {
				t.Errorf("signature (-want +got):\n%s", diff)
			}
		})
	}
}

// signs plays a key.
type signs func([]byte) ([]byte, error)

func (f signs) Sign(payload []byte) ([]byte, error) { return f(payload) }

func TestNothingIsCommittedUnsigned(t *testing.T) {
	_, repo, base := based(t)
	broken := errors.New("expired")
	for name, signer := range map[string]signs{
		"error":  func([]byte) ([]byte, error) { return nil, broken },
		"empty":  func([]byte) ([]byte, error) { return nil, nil },
		"header": func([]byte) ([]byte, error) { return []byte("a\x00b"), nil },
	} {
		made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"a/x": []byte("9")}, Signer: signer})
		if err == nil || name == "error" && !errors.Is(err, broken) {
			t.Errorf("%s: %s, %v", name, made, err)
		}
	}
}
