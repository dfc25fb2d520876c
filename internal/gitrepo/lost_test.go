package gitrepo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// What a power failure took of a pushed commit isn't taken for a file that the remote has
// left out for its size.
func TestLostFileIsNotLeftOut(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Git("deploy", "config", "uploadpack.allowFilter", "true")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/a": "1", "apps/b": "1"}})
	repo := open(t, url)
	base := fetch(t, repo, "main")
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"apps/a": []byte("2")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
		t.Fatal(err)
	}
	blob := server.Git("deploy", "rev-parse", "main:apps/a")
	if err := os.Remove(filepath.Join(repo.MirrorDir(), "gen-000001", "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/b": "2"}})
	if diff := cmp.Diff(map[string]string{"apps/a": "2", "apps/b": "2"}, files(t, repo, fetch(t, repo, "main"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
