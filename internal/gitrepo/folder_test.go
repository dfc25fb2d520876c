package gitrepo_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// A folder's name is no pattern.
func TestFolderThatLooksLikeAPattern(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	for _, name := range []string{"[", "[ab]"} {
		repo := open(t, url, func(c *gitrepo.Config) { c.Dir = filepath.Join(c.Dir, name) })
		fetch(t, repo, "main")
		half := filepath.Join(repo.MirrorDir(), "gen-000001", "objects", "pack", "tmp_pack_123")
		if err := os.WriteFile(half, []byte("PACK half"), 0o600); err != nil {
			t.Fatal(err)
		}
		server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": name}})
		fetch(t, repo, "main")
		if _, err := os.Stat(half); !os.IsNotExist(err) {
			t.Errorf("in %q half a pack stays: %v", name, err)
		}
	}
}

// Many a file system's clock ticks so slowly that a pack may come without the folder's
// time to show it. It isn't taken for a pack that got lost.
func TestPacksOfOneMoment(t *testing.T) {
	server := gitrepotest.New(t)
	reopen := cached(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	reader, other := reopen(), reopen()
	packs := filepath.Join(reader.MirrorDir(), "gen-000001", "objects", "pack")
	stop := func() {
		if err := os.Chtimes(packs, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	fetch(t, other, "main")
	stop()
	if got := files(t, reader, fetch(t, reader, "main")); got["a"] != "1" {
		t.Errorf("read %v", got)
	}
	if _, err := reader.CommitInfo("1111111111111111111111111111111111111111"); err == nil {
		t.Error("read a commit that isn't there")
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "2"}})
	head := fetch(t, other, "main")
	stop()
	if diff := cmp.Diff(map[string]string{"a": "2"}, files(t, reader, head)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
