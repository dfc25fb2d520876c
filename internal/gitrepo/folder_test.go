package gitrepo_test

import (
	"os"
	"path/filepath"
	"testing"

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
