package gitrepo_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// seed commits files to a new repository and opens its tree.
func seed(t *testing.T, c gitrepotest.Commit) fs.FS {
	t.Helper()
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	server.Commit("deploy", c)
	return tree(t, repo, fetch(t, repo, "main"))
}

func tree(t *testing.T, repo *gitrepo.Repo, commit gitrepo.Hash) fs.FS {
	t.Helper()
	fsys, err := repo.FS(commit)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func TestFSIsAFileSystem(t *testing.T) {
	fsys := seed(t, gitrepotest.Commit{
		Files: map[string]string{"a/b/c.yaml": "c", "a/d.yaml": "d", "e": "", "a.b/f": "sorts before a/ in Git", "link": "a/d.yaml"},
		Modes: map[string]string{"e": "100755", "link": "120000"},
	})
	if err := fstest.TestFS(fsys, "a/b/c.yaml", "a/d.yaml", "e", "a.b/f", "link"); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{"e": "-rwxr-xr-x", "a": "drwxr-xr-x", "a/d.yaml": "-rw-r--r--", "link": "-rw-r--r--"} {
		info, err := fs.Stat(fsys, path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().String(); got != want {
			t.Errorf("%s: mode %s, want %s", path, got, want)
		}
	}
	info, err := fs.Lstat(fsys, "link")
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("Lstat of a link: %v, %v", info, err)
	}
}

func TestSysIsTheBlobsHash(t *testing.T) {
	fsys := seed(t, gitrepotest.Commit{Files: map[string]string{"a/hello": "hello\n"}})
	entries, err := fs.ReadDir(fsys, "a")
	if err != nil {
		t.Fatal(err)
	}
	info, err := entries[0].Info()
	if err != nil {
		t.Fatal(err)
	}
	if want := gitrepo.Hash("ce013625030ba8dba906f756967f9e9ca394464a"); info.Sys() != want {
		t.Errorf("Sys() is %v, want %v", info.Sys(), want)
	}
}

func TestSymbolicLinks(t *testing.T) {
	links := map[string]string{
		"file":         "apps/web.yaml",
		"dir":          "./apps",
		"apps/up":      "../base/kustomization.yaml",
		"chain":        "file",
		"through":      "dir/up",
		"out":          "../etc/passwd",
		"apps/out":     "../../etc/passwd",
		"absolute":     "/etc/passwd",
		"self":         "self",
		"loop/a":       "b",
		"loop/b":       "a",
		"dangling":     "apps/none.yaml",
		"dots":         "apps/../apps/./web.yaml",
		"under-a-file": "apps/web.yaml/x",
		"long":         strings.Repeat("a/", 4000),
	}
	c := gitrepotest.Commit{Files: map[string]string{"apps/web.yaml": "web", "base/kustomization.yaml": "kustomize"}, Modes: map[string]string{}}
	for link, target := range links {
		c.Files[link], c.Modes[link] = target, "120000"
	}
	fsys := seed(t, c)
	for path, want := range map[string]string{
		"file": "web", "dir/web.yaml": "web", "apps/up": "kustomize", "dir/up": "kustomize", "chain": "web", "through": "kustomize", "dots": "web",
	} {
		if got, err := fs.ReadFile(fsys, path); string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
	for path, want := range map[string]error{
		"out": gitrepo.ErrOutside, "apps/out": gitrepo.ErrOutside, "absolute": gitrepo.ErrOutside, "dir/out": gitrepo.ErrOutside,
		"dangling": fs.ErrNotExist, "long": gitrepo.ErrTooLarge, "self": nil, "loop/a": nil, "under-a-file": nil,
	} {
		_, err := fs.ReadFile(fsys, path)
		var place *fs.PathError
		if err == nil || want != nil && !errors.Is(err, want) || !errors.As(err, &place) || place.Path != path {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}

	sub, err := fs.Sub(fsys, "apps")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(sub, "up"); string(got) != "kustomize" {
		t.Errorf("a link from a folder to its neighbour, seen in Sub: %q, %v", got, err)
	}
	if _, err := fs.ReadFile(sub, "../base/kustomization.yaml"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a path out of Sub: %v", err)
	}
	throughLink, err := fs.Sub(fsys, "dir")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(throughLink, "up"); string(got) != "kustomize" {
		t.Errorf("Sub of a link: %q, %v", got, err)
	}
}

func TestSubmodulesAreEmptyFolders(t *testing.T) {
	fsys := seed(t, gitrepotest.Commit{
		Files: map[string]string{"a": "1", "charts/sub": strings.Repeat("ab", 20)},
		Modes: map[string]string{"charts/sub": "160000"},
	})
	var seen []string
	err := fs.WalkDir(fsys, ".", func(path string, _ fs.DirEntry, err error) error {
		seen = append(seen, path)
		return err
	})
	if diff := cmp.Diff([]string{".", "a", "charts", "charts/sub"}, seen); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := fs.ReadFile(fsys, "charts/sub/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file in a submodule: %v", err)
	}
}

func TestHostileNames(t *testing.T) {
	for _, name := range []string{"..", ".", ".git", ".GIT", "git~1", ".git ", "a/b"} {
		t.Run(name, func(t *testing.T) {
			server := gitrepotest.New(t)
			repo := open(t, server.Create("deploy"))
			server.HostileCommit("deploy", name)
			fsys := tree(t, repo, fetch(t, repo, "main"))
			if _, err := fs.ReadDir(fsys, "."); err == nil {
				t.Error("the folder can be read")
			}
		})
	}
	t.Run("not UTF-8", func(t *testing.T) {
		server := gitrepotest.New(t)
		repo := open(t, server.Create("deploy"))
		server.HostileCommit("deploy", "caf\xe9.yaml")
		fsys := tree(t, repo, fetch(t, repo, "main"))
		if entries, err := fs.ReadDir(fsys, "."); err != nil || len(entries) > 0 {
			t.Errorf("got %v, %v", entries, err)
		}
	})
}

func TestFSOfAnUnknownCommit(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	unknown := gitrepo.Hash(strings.Repeat("ab", 20))
	if _, err := repo.FS(unknown); !errors.Is(err, gitrepo.ErrNotFetched) {
		t.Errorf("before the first fetch: %v", err)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	fetch(t, repo, "main")
	if _, err := repo.FS(unknown); !errors.Is(err, gitrepo.ErrNotFetched) {
		t.Errorf("after it: %v", err)
	}
	if _, err := repo.CommitInfo(unknown); !errors.Is(err, gitrepo.ErrNotFetched) {
		t.Errorf("CommitInfo: %v", err)
	}
}
