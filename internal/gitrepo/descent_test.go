package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// TestDescent asks fresh mirrors, which hold a single commit, and one that has followed
// all the while.
func TestDescent(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	put := func(c gitrepotest.Commit) gitrepo.Hash { return gitrepo.Hash(server.Commit("deploy", c)) }
	n := 0
	file := func() map[string]string { n++; return map[string]string{"f": fmt.Sprint(n)} }
	following := open(t, url)
	var line []gitrepo.Hash
	for range 30 {
		line = append(line, put(gitrepotest.Commit{Files: file()}))
	}
	server.Git("deploy", "tag", "-a", "-m", "Old", "v1.0.0", string(line[5]))
	server.Git("deploy", "tag", "-a", "-m", "New", "v1.1.0", string(line[20]))
	fetch(t, following, "main")
	side := put(gitrepotest.Commit{Branch: "side", From: string(line[3]), Files: file()})
	put(gitrepotest.Commit{Branch: "other", Root: true, Files: file()})
	merge := server.Git("deploy", "commit-tree", "-p", string(line[29]), "-p", string(side), "-m", "Merge", "main^{tree}")
	server.Git("deploy", "update-ref", "refs/heads/main", merge)
	unknown := gitrepo.Hash(strings.Repeat("ab", 20))
	for _, tt := range []struct {
		name  string
		of    gitrepo.Ref
		older gitrepo.Hash
		want  gitrepo.Descent
	}{
		{"itself", gitrepo.Ref{Kind: gitrepo.KindBranch, Name: "main"}, gitrepo.Hash(merge), gitrepo.DescentContains},
		{"parent", gitrepo.Ref{Kind: gitrepo.KindBranch, Name: "main"}, line[29], gitrepo.DescentContains},
		{"root", gitrepo.Ref{Kind: gitrepo.KindBranch, Name: "main"}, line[0], gitrepo.DescentContains},
		{"second parent", gitrepo.Ref{Kind: gitrepo.KindBranch, Name: "main"}, side, gitrepo.DescentContains},
		{"tag", gitrepo.Ref{Kind: gitrepo.KindTag, Name: "v1.1.0"}, line[5], gitrepo.DescentContains},
		{"range", gitrepo.Ref{Kind: gitrepo.KindSemver, Name: "1"}, line[5], gitrepo.DescentContains},
		{"older tag", gitrepo.Ref{Kind: gitrepo.KindTag, Name: "v1.0.0"}, line[20], gitrepo.DescentRewritten},
		{"never here", gitrepo.Ref{Kind: gitrepo.KindBranch, Name: "main"}, unknown, gitrepo.DescentRewritten},
		{"other root", gitrepo.Ref{Kind: gitrepo.KindBranch, Name: "other"}, line[29], gitrepo.DescentRewritten},
	} {
		t.Run(tt.name, func(t *testing.T) {
			repo := open(t, url)
			at := fetchRef(t, repo, tt.of.Kind, tt.of.Name)
			got, err := repo.Descent(t.Context(), at, tt.older)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	t.Run("followed", func(t *testing.T) {
		at := fetchRef(t, following, gitrepo.KindBranch, "main")
		server.Requests()
		got, err := following.Descent(t.Context(), at, line[29])
		if err != nil || got != gitrepo.DescentContains {
			t.Errorf("got %q, %v", got, err)
		}
		if n := len(server.Requests()); n > 0 {
			t.Errorf("it took %d requests, want none: the fetch brought all that is new", n)
		}
	})
}

// TestDescentAfterForcePush is what becomes of a branch that is followed.
func TestDescentAfterForcePush(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	put := func(c gitrepotest.Commit) gitrepo.Hash { return gitrepo.Hash(server.Commit("deploy", c)) }
	base := put(gitrepotest.Commit{Files: map[string]string{"f": "1"}})
	before := put(gitrepotest.Commit{Files: map[string]string{"f": "2"}})
	repo := open(t, url, func(c *gitrepo.Config) { c.Depth = 10 })
	fetch(t, repo, "main")
	put(gitrepotest.Commit{From: string(base), Files: map[string]string{"f": "3"}})
	descent := func(want gitrepo.Descent) {
		t.Helper()
		at := fetchRef(t, repo, gitrepo.KindBranch, "main")
		if got, err := repo.Descent(t.Context(), at, before); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	descent(gitrepo.DescentRewritten)
	put(gitrepotest.Commit{Root: true, Files: map[string]string{"f": "4"}})
	descent(gitrepo.DescentUnrelated)
	server.Remove("deploy")
	server.Create("deploy")
	put(gitrepotest.Commit{Files: map[string]string{"f": "5"}, When: 1600000000})
	descent(gitrepo.DescentUnrelated)
}

// TestDescentIsHonest holds that a history which can't be had makes no answer.
func TestDescentIsHonest(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	first := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": "1"}})
	for _, content := range []string{"2", "3"} { // a commit names its parents, but not theirs
		server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"f": content}})
	}
	repo := open(t, url)
	at := fetchRef(t, repo, gitrepo.KindBranch, "main")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := repo.Descent(ended, at, gitrepo.Hash(first)); err == nil || got != gitrepo.DescentUnknown {
		t.Errorf("got %q, %v after the end", got, err)
	}
	server.RequireAuth("pat", "s3cret")
	if got, err := repo.Descent(t.Context(), at, gitrepo.Hash(first)); !errors.Is(err, gitrepo.ErrAuth) || got != gitrepo.DescentUnknown {
		t.Errorf("got %q, %v without a credential", got, err)
	}
	server.RequireAuth("", "")
	// The remote itself is shallow: there is nothing that could be fetched.
	server.Create("shallow")
	server.Git("shallow", "fetch", "-q", "--depth=1", "file://"+server.Dir("deploy"), "main:main")
	other := open(t, server.URL+"/shallow.git")
	at = fetchRef(t, other, gitrepo.KindBranch, "main")
	if got, err := other.Descent(t.Context(), at, gitrepo.Hash(first)); err != nil || got != gitrepo.DescentUnknown {
		t.Errorf("got %q, %v of a remote that is shallow", got, err)
	}
}
