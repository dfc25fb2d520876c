package bot_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/bot"
)

// guarded plays the file modes of another user's files, which don't hold root up.
type guarded struct {
	fs.FS
	name string
}

func (g guarded) Open(name string) (fs.File, error) {
	if name == g.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return g.FS.Open(name)
}

func checked(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var reader bot.Reader
	tree, err := reader.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	problems, _ := tree.Check()
	return lines(problems)
}

// TestUnreadable: what can't be read is told by its name, and hides nothing else.
func TestUnreadable(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside.yaml")
	for name, data := range map[string]string{
		filepath.Join(dir, "a.yaml"): pod("a:1"), outside: pod("a:1"),
		filepath.Join(dir, "latin1.yaml"): pod("a:1") + "# f\xfcr\n", filepath.Join(dir, "utf16.yaml"): "\xff\xfea\x00",
		filepath.Join(dir, "large.yaml"): "", filepath.Join(dir, "p.yaml"): policyOf("a", "a"),
	} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(filepath.Join(dir, "large.yaml"), 17<<20); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"nowhere.yaml": "none.yaml", "same.yaml": "a.yaml", "out.yaml": outside, "circle.yaml": "circle.yaml", "text": "none"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // only read from
	want := []string{
		"circle.yaml: following the link: statat circle.yaml: too many levels of symbolic links",
		"large.yaml: reading: the file has 17825792 bytes, more than the 16777216 that are read",
		"latin1.yaml:8:4: not valid YAML: invalid leading UTF-8 octet",
		"nowhere.yaml: following the link: statat nowhere.yaml: no such file or directory",
		"out.yaml: following the link: statat out.yaml: path escapes from parent",
		"utf16.yaml: the file is UTF-16 (store it as UTF-8)",
	}
	if diff := cmp.Diff(want, checked(t, root.FS())); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestForbidden(t *testing.T) {
	files := fstest.MapFS{"p.yaml": file(policyOf("a", "a")), "a.yaml": file(pod("a:1")), "b/b.yaml": file(pod("b:1")), "c/c.yaml": file(pod("c:1"))}
	for name, want := range map[string][]string{
		"b":        {"b: reading: open b: permission denied"},
		"c/c.yaml": {"c/c.yaml: reading: open c/c.yaml: permission denied"},
	} {
		if diff := cmp.Diff(want, checked(t, guarded{struct{ fs.FS }{files}, name})); diff != "" {
			t.Errorf("problems without %s (-want +got):\n%s", name, diff)
		}
	}
}

// TestForbiddenByMode is TestForbidden on a real disk, where the modes count.
func TestForbiddenByMode(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("modes don't hold root up")
	}
	dir := t.TempDir()
	for name, data := range map[string]string{"p.yaml": policyOf("a", "a"), "a.yaml": pod("a:1"), "shut.yaml": pod("b:1")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shut := filepath.Join(dir, "shut")
	if err := os.Mkdir(shut, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(shut, 0o700) }) //nolint:gosec // so that it can be removed
	if err := os.Chmod(filepath.Join(dir, "shut.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	got := checked(t, os.DirFS(dir))
	if len(got) != 2 {
		t.Errorf("problems %q, want one of the folder and one of the file", got)
	}
}
