package gitrepo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

func TestHistoryRewritten(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	first := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "2", "kept": "k"}})
	repo := open(t, url)
	fetch(t, repo, "main")
	for _, story := range []struct {
		name    string
		rewrite func() map[string]string
	}{
		{"forced back", func() map[string]string {
			server.Git("deploy", "update-ref", "refs/heads/main", first)
			return map[string]string{"a": "1"}
		}},
		{"another commit", func() map[string]string {
			server.Commit("deploy", gitrepotest.Commit{From: first, Files: map[string]string{"a": "3"}})
			return map[string]string{"a": "3"}
		}},
		{"a new root", func() map[string]string {
			server.Commit("deploy", gitrepotest.Commit{Root: true, Files: map[string]string{"b": "4"}})
			return map[string]string{"b": "4"}
		}},
		{"another repository", func() map[string]string {
			server.Remove("deploy")
			server.Create("deploy")
			server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"kept": "k", "c": "5"}})
			return map[string]string{"kept": "k", "c": "5"}
		}},
		{"emptied, and filled again", func() map[string]string {
			server.Remove("deploy")
			server.Create("deploy")
			if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrEmptyRepository) {
				t.Errorf("while it is empty: %v", err)
			}
			server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"kept": "k"}})
			return map[string]string{"kept": "k"}
		}},
	} {
		want := story.rewrite()
		if diff := cmp.Diff(want, files(t, repo, fetch(t, repo, "main"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", story.name, diff)
		}
	}
}

// A branch that is no commit spoils nothing for the others.
func TestBranchThatIsNoCommit(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	repo := open(t, url)
	fetch(t, repo, "main")
	for name, rev := range map[string]string{"tree": "main^{tree}", "blob": "main:a"} {
		ref := filepath.Join(server.Dir("deploy"), "refs", "heads", name)
		if err := os.WriteFile(ref, []byte(server.Git("deploy", "rev-parse", rev)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := repo.Fetch(t.Context(), name); err == nil || !strings.Contains(err.Error(), "is a "+name) {
			t.Errorf("fetching a branch that is a %s: %v", name, err)
		}
	}
	if repo.Damaged() {
		t.Error("the mirror counts as damaged")
	}
	if got := files(t, repo, fetch(t, repo, "main")); got["a"] != "1" {
		t.Errorf("read %v", got)
	}
}

func TestBranchesThatComeAndGo(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	fetch(t, repo, "main")
	server.Commit("deploy", gitrepotest.Commit{Branch: "x", Files: map[string]string{"b": "1"}})
	fetch(t, repo, "x")
	server.Git("deploy", "update-ref", "-d", "refs/heads/x")
	fetch(t, repo, "main")
	if _, ok := repo.Known("x"); ok {
		t.Error("the deleted branch is still known")
	}
	if all := repo.KnownBranches(); len(all) != 1 || all["main"] == "" {
		t.Errorf("known branches: %v", all)
	}
	server.Commit("deploy", gitrepotest.Commit{Branch: "x/y", Files: map[string]string{"b": "2"}})
	if got := files(t, repo, fetch(t, repo, "x/y")); got["b"] != "2" {
		t.Errorf("b is %q", got["b"])
	}
}
