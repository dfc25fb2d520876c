package bot_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// A folder that holds another ten times, nine levels deep, is no repository to read.
func TestReaderGivesUpOnATreeBomb(t *testing.T) {
	s := newStory(t)
	mode, hash := "100644", s.server.Blob("deploy", pod("web:1.0.0"))
	for range 9 {
		var entries []gitrepotest.Entry
		for i := range 10 {
			entries = append(entries, gitrepotest.Entry{Mode: mode, Name: fmt.Sprintf("d%d.yaml", i), Hash: hash})
		}
		mode, hash = "40000", s.server.Tree("deploy", entries...)
	}
	s.server.CommitTree("deploy", hash)
	repo := s.open(1)
	fsys, err := repo.FS(gitrepo.Hash(fetched(t, repo)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := new(bot.Reader).Read(fsys); !errors.Is(err, gitrepo.ErrTooManyFiles) {
		t.Errorf("got %v", err)
	}
}

// What a damaged mirror can't give isn't missing from the repository: nothing is
// decided on the rest.
func TestReaderGivesUpOnADamagedMirror(t *testing.T) {
	s := newStory(t)
	s.server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a/one.yaml": pod("web:1.0.0"), "two.yaml": pod("web:1.0.1")}})
	repo := s.open(1)
	head := gitrepo.Hash(fetched(t, repo))
	fsys, err := repo.FS(head)
	if err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(repo.MirrorDir(), "gen-*", "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs %q, %v", packs, err)
	}
	if err := os.Truncate(packs[0], 20); err != nil {
		t.Fatal(err)
	}
	if tree, err := new(bot.Reader).Read(fsys); !errors.Is(err, gitrepo.ErrDamaged) {
		t.Errorf("got %v, %v", tree, err)
	}
	if fsys, err = repo.FS(gitrepo.Hash(fetched(t, repo))); err != nil {
		t.Fatal(err)
	}
	if tree, err := new(bot.Reader).Read(fsys); err != nil || len(tree.Files) != 2 {
		t.Errorf("after the next fetch: %v", err)
	}
}
