package gitrepo_test

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// allocated is what f allocates in all, in MiB, whether it was freed again or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 20
}

// entry is short for the tables below.
func entry(mode, name, hash string) gitrepotest.Entry {
	return gitrepotest.Entry{Mode: mode, Name: name, Hash: hash}
}

// Trees that no Git makes: what can be read is read right, the rest is an error that
// says so, and none of it is taken for damage, which would be fetched again and again.
func TestHostileTrees(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	a, b := server.Blob("deploy", "a"), server.Blob("deploy", "b")
	dir := server.Tree("deploy", entry("100644", "x", a))
	for _, test := range []struct {
		name string
		tree string
		want map[string]string // nil: can't be read
	}{
		{"two of one name", server.Tree("deploy", entry("100644", "f", a), entry("100644", "f", b)), nil},
		{"a file and a folder of one name", server.Tree("deploy", entry("100644", "f", a), entry("40000", "f", dir)), nil},
		{"sorted wrongly", server.Tree("deploy", entry("100644", "z", a), entry("40000", "d", dir), entry("100644", "b", b)), map[string]string{"z": "a", "d/x": "a", "b": "b"}},
		{"a backslash", server.Tree("deploy", entry("100644", `..\f`, a)), map[string]string{`..\f`: "a"}},
		{"a mode that doesn't exist", server.Tree("deploy", entry("100777", "f", a)), map[string]string{"f": "a"}},
		{"a line end", server.Tree("deploy", entry("100644", "a\nb", a)), map[string]string{"a\nb": "a"}},
		{"Git's folder, below", server.Tree("deploy", entry("40000", "d", server.Tree("deploy", entry("40000", ".GIT", dir)))), nil},
		{"invalid UTF-8", server.Tree("deploy", entry("100644", "ok", a), entry("100644", "\xff\xfe", b)), map[string]string{"ok": "a"}},
		{"an empty folder", server.Tree("deploy", entry("100644", "f", a), entry("40000", "none", server.Tree("deploy"))), map[string]string{"f": "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server.CommitTree("deploy", test.tree)
			repo := open(t, url)
			got, err := readAll(repo, fetch(t, repo, "main"))
			if test.want == nil {
				if err == nil || repo.Damaged() {
					t.Errorf("read %v, %v; damaged: %t", got, err, repo.Damaged())
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// Trees that Git itself doesn't send on: the fetch fails, once, with a reason.
func TestBrokenRepositories(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	a := server.Blob("deploy", "a")
	missing := strings.Repeat("7", 40)
	for name, tree := range map[string]string{
		"a file that isn't there":       server.Tree("deploy", entry("100644", "f", missing)),
		"a folder that isn't there":     server.Tree("deploy", entry("40000", "f", missing)),
		"a folder that is a file":       server.Tree("deploy", entry("40000", "f", a)),
		"a file that is a folder":       server.Tree("deploy", entry("100644", "f", server.Tree("deploy"))),
		"a tree that breaks off":        server.Literal("deploy", "tree", []byte("100644 f\x00abc")),
		"a tree without an end of name": server.Literal("deploy", "tree", []byte("100644 ffffffffffffffffffff")),
	} {
		t.Run(name, func(t *testing.T) {
			server.CommitTree("deploy", tree)
			repo := open(t, url)
			head, err := repo.Fetch(t.Context(), "main")
			if err == nil {
				_, err = readAll(repo, head)
			}
			if err == nil || errors.Is(err, gitrepo.ErrDamaged) || repo.Damaged() {
				t.Errorf("got %v; damaged: %t", err, repo.Damaged())
			}
			noRemains(t, repo, name)
		})
	}
}

// A folder that holds another ten times, ten levels deep.
func TestTreeBomb(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	mode, hash := "100644", server.Blob("deploy", "kind: Bomb\n")
	for range 10 {
		var entries []gitrepotest.Entry
		for i := range 10 {
			entries = append(entries, entry(mode, fmt.Sprintf("d%d", i), hash))
		}
		mode, hash = "40000", server.Tree("deploy", entries...)
	}
	server.CommitTree("deploy", hash)
	repo := open(t, url, func(c *gitrepo.Config) { c.MaxFiles = 20_000 })
	fsys, err := repo.FS(fetch(t, repo, "main"))
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	err = fs.WalkDir(fsys, ".", func(_ string, _ fs.DirEntry, err error) error { listed++; return err })
	if !errors.Is(err, gitrepo.ErrTooManyFiles) || listed > 20_100 {
		t.Errorf("%d were listed, then %v", listed, err)
	}
	sub, err := fs.Sub(fsys, "d0/d0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadDir(sub, "d1"); !errors.Is(err, gitrepo.ErrTooManyFiles) {
		t.Errorf("in a folder of it: %v", err)
	}
}

func TestDeepFolders(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{
		strings.Repeat("d/", 10_000) + "f": "deep", strings.Repeat("long", 25) + "/" + strings.Repeat("x/", 500) + "f": "less",
	}})
	repo := open(t, url)
	head := fetch(t, repo, "main")
	got, err := readAll(repo, head)
	if !errors.Is(err, gitrepo.ErrTooLarge) || len(err.Error()) > 500 {
		t.Errorf("read %d files, %v", len(got), err)
	}
	if _, err := commit(repo, gitrepo.Commit{Base: head, Files: map[string][]byte{"other": []byte("x")}}); err != nil {
		t.Error(err)
	}
}

// A folder of 100,000 files is read, one of a million isn't even fetched.
func TestWideFolders(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	blob := server.Blob("deploy", "kind: Small\n")
	for count, want := range map[int]error{100_000: nil, 1_000_000: gitrepo.ErrTooLarge} {
		entries := make([]gitrepotest.Entry, count)
		for i := range entries {
			entries[i] = entry("100644", fmt.Sprintf("f%07d.yaml", i), blob)
		}
		server.CommitTree("deploy", server.Tree("deploy", entries...))
		repo := open(t, url)
		var got int
		var err error
		used := allocated(func() {
			var head gitrepo.Hash
			if head, err = repo.Fetch(t.Context(), "main"); err == nil {
				var fsys fs.FS
				var list []fs.DirEntry
				if fsys, err = repo.FS(head); err == nil {
					list, err = fs.ReadDir(fsys, ".")
					got = len(list)
				}
			}
		})
		if !errors.Is(err, want) || err == nil && got != count {
			t.Errorf("%d files: %d were listed, %v", count, got, err)
		}
		if used > 150 {
			t.Errorf("%d files: %d MiB were allocated", count, used)
		}
	}
}

func TestLongCommitMessage(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}, Message: strings.Repeat("long ", 4<<20)})
	_, err := open(t, url).Fetch(t.Context(), "main")
	if !errors.Is(err, gitrepo.ErrTooLarge) || !strings.Contains(err.Error(), "commit") {
		t.Errorf("got %v", err)
	}
}

// A branch whose name looks like an option is fetched by its hash alone.
func TestBranchNamedLikeAnOption(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	head := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	for _, name := range []string{"--upload-pack=touch${IFS}x", "-c", "x;id", "$(id)"} {
		server.Git("deploy", "update-ref", "refs/heads/"+name, head)
	}
	repo := open(t, url)
	if got := fetch(t, repo, "main"); string(got) != head {
		t.Errorf("fetched %s, want %s", got, head)
	}
	if _, err := repo.Fetch(t.Context(), "--upload-pack=touch${IFS}x"); err == nil || !strings.Contains(err.Error(), "dash") {
		t.Errorf("got %v", err)
	}
	if got := fetch(t, repo, "$(id)"); string(got) != head { // a name like others
		t.Errorf("fetched %s, want %s", got, head)
	}
}
