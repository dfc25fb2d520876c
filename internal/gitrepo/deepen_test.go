package gitrepo_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// commits makes n commits, each of which changes the file n.
func commits(server *gitrepotest.Server, name string, n int) {
	for i := range n {
		server.Commit(name, gitrepotest.Commit{Files: map[string]string{"n": fmt.Sprint(i), "kept": "k"}})
	}
}

func deepen(t *testing.T, repo *gitrepo.Repo, depth int) gitrepo.Hash {
	t.Helper()
	head, err := repo.Deepen(t.Context(), "main", depth)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// readable counts the commits of a log whose files can all be read.
func readable(t *testing.T, repo *gitrepo.Repo, head gitrepo.Hash) int {
	t.Helper()
	log, err := repo.Log(head, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range log {
		if got := files(t, repo, c.Hash); got["kept"] != "k" {
			t.Errorf("commit %s holds %v", c.Hash, got)
		}
	}
	return len(log)
}

func TestDeepen(t *testing.T) {
	server := gitrepotest.New(t)
	reopen := cached(t, server.Create("deploy"))
	commits(server, "deploy", 12)
	head := fetch(t, reopen(), "main")
	var got []int
	for _, depth := range []int{4, 2, 4, 9} {
		repo := reopen()
		if at := deepen(t, repo, depth); at != head {
			t.Errorf("deepened to %s, want %s", at, head)
		}
		got = append(got, readable(t, repo, head))
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"n": "new"}})
	repo := reopen()
	got = append(got, readable(t, repo, fetch(t, repo, "main")))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"n": "newer"}})
	got = append(got, readable(t, repo, deepen(t, repo, 100)))
	if diff := cmp.Diff([]int{4, 4, 4, 9, 10, 14}, got); diff != "" {
		t.Errorf("lengths of the history (-want +got):\n%s", diff)
	}
	server.Requests()
	deepen(t, reopen(), 1000)
	if asked := server.Requests(); len(asked) > 0 {
		t.Errorf("with all of the history here: %d requests", len(asked))
	}
}

// The files come once more, and not once for each commit.
func TestDeepenBringsTheFilesOnce(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	many := map[string]string{}
	for i := range 500 {
		many[fmt.Sprintf("apps/%d/%d.yaml", i%50, i)] = fmt.Sprintf("image: web:%d # %x\n", i, i*i*7919)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: many})
	commits(server, "deploy", 15)
	fetch(t, repo, "main")
	before := packBytes(t, repo)
	if got := readable(t, repo, deepen(t, repo, 10)); got != 10 {
		t.Errorf("%d commits, want 10", got)
	}
	if added := packBytes(t, repo) - before; added > before*3/2 {
		t.Errorf("%d bytes for the tree, and %d more for nine commits of history", before, added)
	}
}

func packBytes(t *testing.T, repo *gitrepo.Repo) int64 {
	t.Helper()
	var n int64
	for _, name := range mirrorFiles(t, repo, "gen-*/objects/pack/*.pack") {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func TestDeepenThroughMerges(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	commits(server, "deploy", 3)
	fork := server.Head("deploy", "main")
	for i := range 4 {
		server.Commit("deploy", gitrepotest.Commit{Branch: "side", From: fork, Files: map[string]string{"s": fmt.Sprint(i)}})
		fork = server.Head("deploy", "side")
	}
	commits(server, "deploy", 3)
	tree := server.Git("deploy", "merge-tree", "--write-tree", "main", "side")
	merge := server.GitInput("deploy", []byte("merge"), "commit-tree", "-p", "main", "-p", "side", tree)
	server.Git("deploy", "update-ref", "refs/heads/main", merge)
	fetch(t, repo, "main")
	for depth, want := range []int{1, 1, 2, 3, 4, 5} { // the side's history comes with it
		head := deepen(t, repo, depth)
		if got := readable(t, repo, head); got != want {
			t.Errorf("depth %d: %d commits, want %d", depth, got, want)
		}
	}
	commits(server, "deploy", 1)
	if got := readable(t, repo, fetch(t, repo, "main")); got != 6 {
		t.Errorf("after a fetch: %d commits, want 6", got)
	}
	if got := readable(t, repo, deepen(t, repo, 50)); got != 8 {
		t.Errorf("the whole: %d commits, want 8", got)
	}
}

// A repository that was itself cloned with a depth has no more to give.
func TestDeepenAShallowRepository(t *testing.T) {
	server := gitrepotest.New(t)
	server.Create("whole")
	commits(server, "whole", 9)
	url := server.Create("deploy")
	server.Git("deploy", "fetch", "--quiet", "--depth=4", "file://"+server.Dir("whole"), "main:main")
	repo := open(t, url)
	fetch(t, repo, "main")
	for _, depth := range []int{3, 20, 50, 100} {
		head := deepen(t, repo, depth)
		if got := readable(t, repo, head); got != min(depth, 4) {
			t.Errorf("depth %d: %d commits", depth, got)
		}
	}
}

func TestDeepenWithoutAMirror(t *testing.T) {
	server := gitrepotest.New(t)
	commitsURL := server.Create("deploy")
	commits(server, "deploy", 9)
	t.Run("new", func(t *testing.T) {
		repo := open(t, commitsURL)
		if got := readable(t, repo, deepen(t, repo, 5)); got != 5 {
			t.Errorf("%d commits, want 5", got)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		repo := open(t, commitsURL)
		fetch(t, repo, "main")
		remove(t, repo, "gen-*/objects/pack/*.pack")
		again := open(t, commitsURL, func(c *gitrepo.Config) { c.Dir = filepath.Dir(repo.MirrorDir()) })
		if got := readable(t, again, deepen(t, again, 5)); got != 5 {
			t.Errorf("%d commits, want 5", got)
		}
	})
	t.Run("remote out of order", func(t *testing.T) {
		repo := open(t, commitsURL)
		head := fetch(t, repo, "main")
		server.Fault(gitrepotest.Status(9, http.StatusServiceUnavailable, nil))
		defer server.Fault(nil)
		if _, err := repo.Deepen(t.Context(), "main", 5); !errors.Is(err, gitrepo.ErrUnavailable) {
			t.Errorf("Deepen: %v", err)
		}
		if got := readable(t, repo, head); got != 1 {
			t.Errorf("%d commits, want 1", got)
		}
	})
}
