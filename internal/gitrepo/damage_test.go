package gitrepo_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// Any file of the mirror is damaged in any way while the branch stays where it is: no
// reader ever gets wrong bytes, and after one reader has met the damage the next fetch
// mends it, in another process too.
func TestDamageIsMendedWithoutNews(t *testing.T) {
	t.Parallel()
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	long := strings.Repeat("a line that makes deltas worth it\n", 200)
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/a": long + "1", "apps/b": long + "2", "c": "c"}})
	server.Git("deploy", "repack", "-adq")
	pristine := t.TempDir()
	repo := open(t, url, func(c *gitrepo.Config) { c.Dir = pristine })
	if err := round(t.Context(), repo); err != nil { // its objects are loose
		t.Fatal(err)
	}
	want := files(t, repo, fetch(t, repo, "main"))
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for _, kind := range []struct {
		name   string
		damage func(data []byte) []byte
	}{
		{"a bit", func(data []byte) []byte { data[rnd.IntN(len(data))] ^= 1 << rnd.IntN(8); return data }},
		{"bits", func(data []byte) []byte { data[rnd.IntN(len(data))] ^= 1 << rnd.IntN(8); return data }},
		{"a byte", func(data []byte) []byte { data[rnd.IntN(len(data))] += 101; return data }},
		{"zeros", func(data []byte) []byte { clear(data[rnd.IntN(len(data)):]); return data }},
		{"the end", func(data []byte) []byte { return data[:rnd.IntN(len(data))] }},
		{"empty", func([]byte) []byte { return []byte{} }},
		{"gone", func([]byte) []byte { return nil }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			for _, path := range mirrorTree(t, pristine) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(pristine)); err != nil {
					t.Fatal(err)
				}
				spoilFile(t, filepath.Join(dir, path), kind.damage)
				mended(t, url, dir, path, want)
			}
		})
	}
}

func mirrorTree(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasSuffix(path, "lock") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 8 {
		t.Fatalf("the mirror holds %q, %v", paths, err)
	}
	return paths
}

func spoilFile(t *testing.T, name string, damage func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if data = damage(data); data == nil {
		return
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// mended reads a mirror twice, each time in a process of its own.
func mended(t *testing.T, url, dir, path string, want map[string]string) {
	t.Helper()
	for try := range 3 {
		repo := open(t, url, func(c *gitrepo.Config) { c.Dir = dir })
		got, err := readAll(repo, fetch(t, repo, "main"))
		if err == nil {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: wrong content was read (-want +got):\n%s", path, diff)
			}
			return
		}
		if try > 0 || !errors.Is(err, gitrepo.ErrDamaged) {
			t.Errorf("%s, try %d: %v", path, try+1, err)
		}
	}
}
