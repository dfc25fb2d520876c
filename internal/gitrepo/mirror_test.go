package gitrepo_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// cached opens repositories with one cache, as processes that follow each other.
func cached(t *testing.T, url string) func() *gitrepo.Repo {
	t.Helper()
	dir := t.TempDir()
	return func() *gitrepo.Repo { return open(t, url, func(c *gitrepo.Config) { c.Dir = dir }) }
}

// mirrorFiles lists what a cache holds below the mirror's folder.
func mirrorFiles(t *testing.T, repo *gitrepo.Repo, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repo.MirrorDir(), pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFetchIsIncremental(t *testing.T) {
	server := gitrepotest.New(t)
	reopen := cached(t, server.Create("deploy"))
	many := map[string]string{}
	for i := range 2000 {
		many[fmt.Sprintf("apps/%d/%d.yaml", i%50, i)] = fmt.Sprintf("image: web:%d\n", i)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: many})
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"second": "x"}})
	fetch(t, reopen(), "main")

	server.Requests()
	fetch(t, reopen(), "main")
	if got := len(server.Requests()); got != 1 {
		t.Errorf("a fetch without news took %d requests, want 1", got)
	}

	packs := mirrorFiles(t, reopen(), "gen-*/objects/pack/*.pack")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/7/7.yaml": "image: web:next\n"}})
	repo := reopen()
	next := fetch(t, repo, "main")
	var added int64
	for _, pack := range mirrorFiles(t, repo, "gen-*/objects/pack/*.pack") {
		if info, err := os.Stat(pack); err == nil && pack != packs[0] {
			added += info.Size()
		}
	}
	if len(packs) != 1 || added == 0 || added > 5000 {
		t.Errorf("%d packs, then %d bytes more for one small commit", len(packs), added)
	}
	if got := files(t, repo, next); len(got) != 2001 || got["apps/7/7.yaml"] != "image: web:next\n" {
		t.Errorf("%d files, apps/7/7.yaml is %q", len(got), got["apps/7/7.yaml"])
	}
	log, err := repo.Log(next, 10)
	if err != nil || len(log) != 2 {
		t.Errorf("the log has %d commits, want the first fetch's and the new one; %v", len(log), err)
	}
}

func TestDepth(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	for i := range 5 {
		server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": fmt.Sprint(i)}})
	}
	for depth, want := range map[int]int{0: 1, 1: 1, 3: 3, 9: 5} {
		repo := open(t, url, func(c *gitrepo.Config) { c.Depth = depth })
		log, err := repo.Log(fetch(t, repo, "main"), 10)
		if err != nil || len(log) != want {
			t.Errorf("depth %d: %d commits, want %d; %v", depth, len(log), want, err)
		}
	}
}

func TestBranchThatLeftBeforeOurHistory(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	old := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1", "b": "1"}})
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "2"}})
	fetch(t, repo, "main")
	side := server.Commit("deploy", gitrepotest.Commit{Branch: "side", From: old, Files: map[string]string{"a": "3"}})
	head := fetch(t, repo, "side")
	if diff := cmp.Diff(map[string]string{"a": "3", "b": "1"}, files(t, repo, head)); string(head) != side || diff != "" {
		t.Errorf("side is %s (-want +got):\n%s", head, diff)
	}
	made, err := commit(repo, gitrepo.Commit{Base: head, Files: map[string][]byte{"b": []byte("4")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: made, Branch: "side", Expect: head}); err != nil {
		t.Error(err)
	}
}

// What a crash, a full disk or a bad sector may leave behind: the next fetch must
// bring everything again, whatever it finds.
func TestDamagedMirror(t *testing.T) {
	t.Parallel()
	damages := map[string]func(t *testing.T, repo *gitrepo.Repo){
		"pack emptied":      func(t *testing.T, r *gitrepo.Repo) { overwrite(t, r, "gen-*/objects/pack/*.pack", nil) },
		"pack garbled":      func(t *testing.T, r *gitrepo.Repo) { flip(t, r, "gen-*/objects/pack/*.pack") },
		"pack gone":         func(t *testing.T, r *gitrepo.Repo) { remove(t, r, "gen-*/objects/pack/*.pack") },
		"index gone":        func(t *testing.T, r *gitrepo.Repo) { remove(t, r, "gen-*/objects/pack/*.idx") },
		"index emptied":     func(t *testing.T, r *gitrepo.Repo) { overwrite(t, r, "gen-*/objects/pack/*.idx", nil) },
		"all objects gone":  func(t *testing.T, r *gitrepo.Repo) { remove(t, r, "gen-*/objects") },
		"state emptied":     func(t *testing.T, r *gitrepo.Repo) { overwrite(t, r, "gen-*/towline.json", nil) },
		"state nonsense":    func(t *testing.T, r *gitrepo.Repo) { overwrite(t, r, "gen-*/towline.json", []byte(`{"branches":7}`)) },
		"HEAD gone":         func(t *testing.T, r *gitrepo.Repo) { remove(t, r, "gen-*/HEAD") },
		"generation gone":   func(t *testing.T, r *gitrepo.Repo) { remove(t, r, "gen-*") },
		"current emptied":   func(t *testing.T, r *gitrepo.Repo) { overwrite(t, r, "current", nil) },
		"current elsewhere": func(t *testing.T, r *gitrepo.Repo) { overwrite(t, r, "current", []byte("../../etc")) },
		"killed while making a new one": func(t *testing.T, r *gitrepo.Repo) {
			remove(t, r, "current")
			overwrite(t, r, "gen-*/objects/pack/*.pack", []byte("PACK"))
		},
		"killed while fetching": func(t *testing.T, r *gitrepo.Repo) {
			for _, dir := range mirrorFiles(t, r, "gen-*/objects/pack") {
				if err := os.WriteFile(filepath.Join(dir, "tmp_pack_123"), []byte("PACK half"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			server := gitrepotest.New(t)
			reopen := cached(t, server.Create("deploy"))
			want := map[string]string{"apps/a.yaml": "a", "apps/b.yaml": "b"}
			server.Commit("deploy", gitrepotest.Commit{Files: want})
			fetch(t, reopen(), "main")
			damage(t, reopen())
			server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"c": "c"}})
			want["c"] = "c"

			repo := reopen()
			head := fetch(t, repo, "main")
			if _, err := readAll(repo, head); err != nil { // may tell of the damage once
				head = fetch(t, repo, "main")
			}
			got, err := readAll(repo, head)
			if err != nil {
				t.Fatal(err)
			}
			if left := mirrorFiles(t, repo, "gen-*/objects/pack/tmp_pack_*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func readAll(repo *gitrepo.Repo, head gitrepo.Hash) (map[string]string, error) {
	got := map[string]string{}
	fsys, err := repo.FS(head)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		got[path] = string(data)
		return err
	})
	return got, err
}

func overwrite(t *testing.T, repo *gitrepo.Repo, pattern string, data []byte) {
	t.Helper()
	each(t, repo, pattern, func(name string) error {
		if err := os.Remove(name); err != nil { // packs are read-only
			return err
		}
		return os.WriteFile(name, data, 0o600)
	})
}

func remove(t *testing.T, repo *gitrepo.Repo, pattern string) {
	t.Helper()
	each(t, repo, pattern, os.RemoveAll)
}

// flip damages the middle of a file.
func flip(t *testing.T, repo *gitrepo.Repo, pattern string) {
	t.Helper()
	each(t, repo, pattern, func(name string) error {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i := len(data) / 3; i < len(data)*2/3; i++ {
			data[i] ^= 0x55
		}
		if err := os.Remove(name); err != nil {
			return err
		}
		return os.WriteFile(name, data, 0o600)
	})
}

func each(t *testing.T, repo *gitrepo.Repo, pattern string, do func(string) error) {
	t.Helper()
	found := mirrorFiles(t, repo, pattern)
	if len(found) == 0 {
		t.Fatalf("the mirror has no %s", pattern)
	}
	for _, name := range found {
		if err := do(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadersWhileFetching(t *testing.T) {
	server := gitrepotest.New(t)
	reopen := cached(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"n": "0", "dir/a": "x"}})
	repo, other := reopen(), reopen()
	fetch(t, repo, "main")
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 20 {
				head, err := repo.Fetch(t.Context(), "main")
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := readAll(repo, head); err != nil || got["dir/a"] != "x" {
					t.Errorf("read %v, %v", got, err)
					return
				}
			}
		})
	}
	for i := range 10 {
		server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"n": fmt.Sprint(i + 1)}})
		fetch(t, other, "main") // as another process would
	}
	all.Wait()
}

// A slow remote holds up its own fetch, and nobody who reads.
func TestReadersWhileTheRemoteIsSlow(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	head := fetch(t, repo, "main")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "2"}})

	started, release := make(chan struct{}), make(chan struct{})
	server.Fault(server.Stall("/git-upload-pack", started, release))
	done := make(chan error, 1)
	go func() {
		_, err := repo.Fetch(t.Context(), "main")
		done <- err
	}()
	<-started
	if got, err := readAll(repo, head); err != nil || got["a"] != "1" {
		t.Errorf("read %v, %v", got, err)
	}
	if _, err := commit(repo, gitrepo.Commit{Base: head, Files: map[string][]byte{"a": []byte("3")}}); err != nil {
		t.Error(err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTwoURLsHaveTwoMirrors(t *testing.T) {
	server := gitrepotest.New(t)
	dir := t.TempDir()
	a := open(t, server.Create("one/deploy"), func(c *gitrepo.Config) { c.Dir = dir })
	b := open(t, server.Create("two/deploy"), func(c *gitrepo.Config) { c.Dir = dir })
	if a.MirrorDir() == b.MirrorDir() || !strings.HasPrefix(a.MirrorDir(), dir) {
		t.Errorf("mirrors at %s and %s", a.MirrorDir(), b.MirrorDir())
	}
	slash := open(t, server.URL+"/one/deploy.git/", func(c *gitrepo.Config) { c.Dir = dir })
	if slash.MirrorDir() != a.MirrorDir() {
		t.Error("a slash at the URL's end makes another mirror")
	}
}
