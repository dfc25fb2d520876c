package gitrepo_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

const large = 48 << 20

// A large file isn't held in memory, and where the remote can leave it out it isn't
// even fetched. Everything around it works.
func TestLargeFile(t *testing.T) {
	for _, filter := range []string{"true", "false"} {
		t.Run("uploadpack.allowFilter="+filter, func(t *testing.T) {
			server := gitrepotest.New(t)
			url := server.Create("deploy")
			server.Git("deploy", "config", "uploadpack.allowFilter", filter)
			dir := server.Tree("deploy", entry("100644", "a.yaml", server.Blob("deploy", "a")), entry("100644", "large.yaml", server.Zeros("deploy", large)))
			server.CommitTree("deploy", server.Tree("deploy", entry("40000", "apps", dir)))
			repo := open(t, url, func(c *gitrepo.Config) { c.MaxFileBytes = 1 << 20 })
			var head gitrepo.Hash
			if used := allocated(func() { head = fetch(t, repo, "main") }); used > 8 {
				t.Errorf("%d MiB were allocated", used)
			}
			if size := packBytes(t, repo); filter == "true" && size > 1000 {
				t.Errorf("%d bytes were fetched", size)
			}
			checkAroundLarge(t, repo, head)
			checkRoundWithLarge(t, server, repo)
		})
	}
}

func checkAroundLarge(t *testing.T, repo *gitrepo.Repo, head gitrepo.Hash) {
	t.Helper()
	fsys, err := repo.FS(head)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(fsys, "apps/a.yaml"); err != nil || string(got) != "a" {
		t.Errorf("beside it: %q, %v", got, err)
	}
	entries, err := fs.ReadDir(fsys, "apps")
	if err != nil || len(entries) != 2 {
		t.Errorf("its folder: %v, %v", entries, err)
	}
	if _, err := fs.ReadFile(fsys, "apps/large.yaml"); !errors.Is(err, gitrepo.ErrTooLarge) || !strings.Contains(err.Error(), "apps/large.yaml") {
		t.Errorf("it: %v", err)
	}
	if repo.Damaged() {
		t.Error("it was taken for damage")
	}
}

// checkRoundWithLarge pushes beside the large file, and fetches what others do.
func checkRoundWithLarge(t *testing.T, server *gitrepotest.Server, repo *gitrepo.Repo) {
	t.Helper()
	base := fetch(t, repo, "main")
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"apps/a.yaml": []byte("b")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base}); err != nil {
		t.Fatal(err)
	}
	if got := server.Git("deploy", "cat-file", "-s", "main:apps/large.yaml"); got != "50331648" {
		t.Errorf("its size is %s", got)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/c.yaml": "c", "apps/other.yaml": strings.Repeat("y", 2<<20)}})
	head := fetch(t, repo, "main")
	fsys, err := repo.FS(head)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(fsys, "apps/c.yaml"); err != nil || string(got) != "c" {
		t.Errorf("after the next fetch: %q, %v", got, err)
	}
	for _, name := range []string{"apps/large.yaml", "apps/other.yaml"} {
		if _, err := fs.ReadFile(fsys, name); !errors.Is(err, gitrepo.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := repo.Deepen(t.Context(), "main", 10); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadDir(repo.MirrorDir()); err != nil || repo.Damaged() {
		t.Errorf("%v, %v, damaged: %t", got, err, repo.Damaged())
	}
}

// A file of just the allowed size is fetched and read.
func TestFileOfTheAllowedSize(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Git("deploy", "config", "uploadpack.allowFilter", "true")
	text := strings.Repeat("x", 1000)
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"exactly": text, "more": text + "x"}})
	repo := open(t, url, func(c *gitrepo.Config) { c.MaxFileBytes = 1000 })
	fsys, err := repo.FS(fetch(t, repo, "main"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(fsys, "exactly"); err != nil || string(got) != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := fs.ReadFile(fsys, "more"); !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// A remote may offer to leave files out, and then not do it.
func TestFilterThatIsRefused(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Git("deploy", "config", "uploadpack.allowFilter", "true")
	server.Git("deploy", "config", "uploadpackfilter.allow", "false")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	repo := open(t, url)
	if got := files(t, repo, fetch(t, repo, "main")); got["a"] != "1" {
		t.Errorf("read %v", got)
	}
	server.Requests()
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "2"}})
	fetch(t, repo, "main")
	if got := len(server.Requests()); got != 2 {
		t.Errorf("the next fetch took %d requests, want 2", got)
	}
}

// A server that is out of order for a moment doesn't refuse to leave files out.
func TestFilterAfterTrouble(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Git("deploy", "config", "uploadpack.allowFilter", "true")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"large": noise(t, 10_000)}})
	repo := open(t, url, func(c *gitrepo.Config) { c.MaxFileBytes = 1000 })
	trouble := gitrepotest.Status(1, http.StatusServiceUnavailable, nil)
	server.Fault(func(w http.ResponseWriter, req *http.Request) bool {
		return req.Method == http.MethodPost && trouble(w, req)
	})
	fetch(t, repo, "main")
	if size := packBytes(t, repo); size > 1000 {
		t.Errorf("%d bytes were fetched", size)
	}
}
