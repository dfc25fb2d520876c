package gitrepo_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// A fetch that brings a new record of a wide folder is checked against the packs'
// indices, against objects that no pack holds, and against what was left out.
func TestFetchIntoAWideFolder(t *testing.T) {
	t.Parallel()
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Git("deploy", "config", "uploadpack.allowFilter", "true")
	want := map[string]string{}
	for i := range 1500 {
		want[fmt.Sprintf("apps/%04d", i)] = fmt.Sprint(i)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: want})
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/large": strings.Repeat("x", 5000)}})
	repo := open(t, url, func(c *gitrepo.Config) { c.MaxFileBytes = 1000 })
	base := fetch(t, repo, "main")
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"apps/bot": []byte("ours, and in no pack")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
		t.Fatal(err)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/0001": "theirs"}})
	head := fetch(t, repo, "main")
	server.Commit("deploy", gitrepotest.Commit{Deletes: []string{"apps/large"}})
	want["apps/0001"], want["apps/bot"] = "theirs", "ours, and in no pack"
	if diff := cmp.Diff(want, files(t, repo, fetch(t, repo, "main"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if repo.Damaged() || head == base {
		t.Errorf("damaged: %t; fetched %s", repo.Damaged(), head)
	}
}

// What a wide folder names and nobody sent is missed as in any other.
func TestWideFolderWithoutAFile(t *testing.T) {
	t.Parallel()
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	want := map[string]string{}
	for i := range 1500 {
		want[fmt.Sprintf("%04d", i)] = fmt.Sprint(i)
	}
	want["0700"] = "kept back"
	head := server.Commit("deploy", gitrepotest.Commit{Files: want})
	repo := open(t, url, func(c *gitrepo.Config) { c.Tries = 1 })
	names := server.Git("deploy", "rev-parse", "main", "main^{tree}")
	sent := server.GitInput("deploy", []byte(names+"\n"), "pack-objects", "--stdout", "-q")
	server.Fault(gitrepotest.Pack(head, func(w io.Writer) { _, _ = io.WriteString(w, sent) }))
	if _, err := repo.Fetch(t.Context(), "main"); err == nil || !strings.Contains(err.Error(), "without file") {
		t.Errorf("got %v, want the missing file told", err)
	}
	server.Fault(nil)
	if got := files(t, repo, fetch(t, repo, "main")); got["0700"] != "kept back" || len(got) != 1500 {
		t.Errorf("%d files, 0700 holds %q", len(got), got["0700"])
	}
}
