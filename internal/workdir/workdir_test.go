package workdir_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/internal/workdir"
)

func write(t *testing.T, name, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, name string) *workdir.Dir {
	t.Helper()
	d, err := workdir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestOpenOfOneFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "a\n", 0o644)
	write(t, filepath.Join(dir, "b.yaml"), "b\n", 0o644)
	d := open(t, filepath.Join(dir, "a.yaml"))
	if !d.Includes("a.yaml") || d.Includes("b.yaml") {
		t.Error("a file named by itself isn't the only one included")
	}
	if !open(t, dir).Includes("b.yaml") {
		t.Error("a directory doesn't include its files")
	}
	if got, want := d.Display("a.yaml"), filepath.ToSlash(filepath.Join(dir, "a.yaml")); got != want {
		t.Errorf("Display gives %q, want %q", got, want)
	}
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(filepath.Join(dir, "a.yaml"), link); err != nil {
		t.Fatal(err)
	}
	if d := open(t, link); !d.Includes("a.yaml") || d.Includes("link.yaml") {
		t.Error("a link that is named isn't the file that it leads to")
	}
	if _, err := workdir.Open(filepath.Join(dir, "none")); err == nil {
		t.Error("opening what isn't there works")
	}
}

func TestFS(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "apps", "web.yaml"), "web\n", 0o644)
	write(t, filepath.Join(dir, "apps", "db", "db.yaml"), "db\n", 0o644)
	write(t, filepath.Join(dir, "empty.yaml"), "", 0o644)
	if err := fstest.TestFS(open(t, dir).FS(), "apps/web.yaml", "apps/db/db.yaml", "empty.yaml"); err != nil {
		t.Error(err)
	}
}

func TestFSFollowsLinksWithinTheTree(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	write(t, outside, "theirs\n", 0o644)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real.yaml"), "ours\n", 0o644)
	for link, target := range map[string]string{"out.yaml": outside, "in.yaml": "real.yaml", "folder": filepath.Dir(outside)} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	d := open(t, dir)
	if got, err := fs.ReadFile(d.FS(), "in.yaml"); err != nil || string(got) != "ours\n" {
		t.Errorf("the link holds %q, %v", got, err)
	}
	for _, name := range []string{"out.yaml", "folder/outside.yaml", "../real.yaml"} {
		if _, err := fs.ReadFile(d.FS(), name); err == nil {
			t.Errorf("%s can be read", name)
		}
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real.yaml"), "ours\n", 0o644)
	for link, target := range map[string]string{"out.yaml": outside, "in.yaml": "real.yaml"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	d := open(t, dir)
	for _, name := range []string{"real.yaml", "out.yaml", "in.yaml", "../x.yaml", "missing/x.yaml"} {
		if err := d.Create(name, []byte("new\n")); err == nil {
			t.Errorf("creating %s works", name)
		}
	}
	if err := d.Create("new.yaml", []byte("new\n")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"new.yaml": "new\n", "real.yaml": "ours\n"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a file outside was made")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}
