package bot_test

import (
	"errors"
	"fmt"
	"io/fs"
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

// damagedFS is a commit's files in a mirror that lacks one of them.
type damagedFS struct {
	fs.FS
	name string
}

func (d damagedFS) Stat(name string) (fs.FileInfo, error) {
	if name == d.name {
		return nil, fmt.Errorf("reading %s: %w", name, gitrepo.ErrDamaged)
	}
	return fs.Stat(d.FS, name)
}

// What is read for each tree, however well its files are remembered, may be the first
// to meet the damage: it must not be remembered as missing.
func TestReaderGivesUpOnDamagedKeysAndLinks(t *testing.T) {
	const key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	s := newStory(t)
	p := policyOf("web", "web", "  pin: digest", "  verify: {keys: [{path: web.pub}]}")
	s.server.Commit("deploy", gitrepotest.Commit{
		Files: map[string]string{"web.yaml": pod("web:1.0.0"), "link.yaml": "web.yaml", "web.pub": key, "policy.yaml": p},
		Modes: map[string]string{"link.yaml": "120000"},
	})
	repo := s.open(1)
	fsys, err := repo.FS(gitrepo.Hash(fetched(t, repo)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web.pub", "link.yaml"} {
		var r bot.Reader
		if tree, err := r.Read(damagedFS{fsys, name}); !errors.Is(err, gitrepo.ErrDamaged) {
			t.Errorf("without %s: got %v, %v", name, tree, err)
		}
		if tree, err := r.Read(fsys); err != nil || len(tree.Problems) > 0 || len(tree.Policies) != 1 {
			t.Errorf("with %s again: got %+v, %v", name, tree, err)
		}
	}
}
