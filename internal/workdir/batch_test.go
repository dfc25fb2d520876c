package workdir_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/workdir"
)

// replace reads the files by the directory's FS and puts new content in a batch.
func replace(t *testing.T, d *workdir.Dir, names ...string) *workdir.Batch {
	t.Helper()
	b := d.Batch()
	for _, name := range names {
		if _, err := fs.ReadFile(d.FS(), name); err != nil {
			t.Fatal(err)
		}
		if err := b.Replace(name, []byte("new\n")); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// holds checks that the folder has these files with this content, and nothing else.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name) //nolint:gosec // the test's own folder
		rel, _ := filepath.Rel(dir, name)
		got[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the files differ (-want +got):\n%s", diff)
	}
}

func TestBatchKeepsModesAndLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	modes := map[string]fs.FileMode{"a/web.yaml": 0o664, "a/db.yaml": 0o600, "b/run.yaml": 0o755, "c.yaml": 0o666}
	for name, mode := range modes {
		write(t, filepath.Join(dir, name), "old\n", mode)
	}
	write(t, filepath.Join(dir, "b", "setuid.yaml"), "old\n", 0o755|fs.ModeSetuid)
	d := open(t, dir)
	w, err := replace(t, d, "a/web.yaml", "a/db.yaml", "b/run.yaml", "c.yaml", "b/setuid.yaml").Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := workdir.Written{Names: []string{"a/db.yaml", "a/web.yaml", "b/run.yaml", "b/setuid.yaml", "c.yaml"}}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("Commit gives other than wanted (-want +got):\n%s", diff)
	}
	holds(t, dir, map[string]string{
		"a/web.yaml": "new\n", "a/db.yaml": "new\n", "b/run.yaml": "new\n", "b/setuid.yaml": "new\n", "c.yaml": "new\n",
	})
	modes["b/setuid.yaml"] = 0o755
	for name, mode := range modes {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("the mode of %s is %v, want %v (%v)", name, info.Mode(), mode, err)
		}
	}
}

func TestBatchTouchesNothingBeforeCommit(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "old\n", 0o644)
	write(t, filepath.Join(dir, "b.yaml"), "old\n", 0o644)
	d := open(t, dir)
	b := replace(t, d, "a.yaml", "b.yaml")
	if got, err := os.ReadFile(filepath.Join(dir, "a.yaml")); err != nil || string(got) != "old\n" {
		t.Errorf("before the commit the file holds %q, %v", got, err)
	}
	if err := b.Discard(); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, map[string]string{"a.yaml": "old\n", "b.yaml": "old\n"})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w, err := replace(t, d, "a.yaml", "b.yaml").Commit(ctx); !errors.Is(err, context.Canceled) || len(w.Names) > 0 {
		t.Errorf("a commit that is called off gives %v, %v", w, err)
	}
	holds(t, dir, map[string]string{"a.yaml": "old\n", "b.yaml": "old\n"})
}

func TestCommitKeepsWhatAPersonWroteMeanwhile(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, file string)
		want   map[string]string // of a.yaml
	}{
		{"another content of the same length", func(t *testing.T, file string) { write(t, file, "own\n", 0o644) }, map[string]string{"a.yaml": "own\n"}},
		{"a longer content", func(t *testing.T, file string) { write(t, file, "old\nmore\n", 0o644) }, map[string]string{"a.yaml": "old\nmore\n"}},
		{"another file in its place", func(t *testing.T, file string) {
			write(t, file+".swp", "own\n", 0o644)
			if err := os.Rename(file+".swp", file); err != nil {
				t.Fatal(err)
			}
		}, map[string]string{"a.yaml": "own\n"}},
		{"a link in its place", func(t *testing.T, file string) {
			if err := errors.Join(os.Remove(file), os.Symlink("b.yaml", file)); err != nil {
				t.Fatal(err)
			}
		}, map[string]string{"a.yaml": "new\n"}}, // as b.yaml, which it leads to
		{"nothing in its place", func(t *testing.T, file string) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}, map[string]string{}},
		{"another mode", func(t *testing.T, file string) {
			if err := os.Chmod(file, 0o600); err != nil {
				t.Fatal(err)
			}
		}, map[string]string{"a.yaml": "old\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "a.yaml"), "old\n", 0o644)
			write(t, filepath.Join(dir, "b.yaml"), "old\n", 0o644)
			d := open(t, dir)
			b := replace(t, d, "a.yaml", "b.yaml")
			test.change(t, filepath.Join(dir, "a.yaml"))
			w, err := b.Commit(t.Context())
			if err != nil || len(w.Refused) != 1 || w.Refused[0].Name != "a.yaml" || !errors.Is(w.Refused[0], workdir.ErrChanged) {
				t.Errorf("Commit gives %v, %v", w, err)
			}
			if diff := cmp.Diff([]string{"b.yaml"}, w.Names); diff != "" {
				t.Errorf("other files are written (-want +got):\n%s", diff)
			}
			test.want["b.yaml"] = "new\n"
			holds(t, dir, test.want)
		})
	}
}

func TestReplaceRefuses(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real.yaml"), "old\n", 0o644)
	write(t, filepath.Join(dir, "readonly.yaml"), "old\n", 0o444)
	for link, target := range map[string]string{"in.yaml": "real.yaml", "folder": t.TempDir()} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	d := open(t, dir)
	for _, test := range []struct {
		name string
		want error // nil for any
	}{
		{"in.yaml", nil}, {"readonly.yaml", workdir.ErrReadOnly}, {"folder/outside.yaml", nil}, {"../x.yaml", nil}, {"missing.yaml", nil}, {"real.yaml", nil},
	} {
		if test.name != "real.yaml" { // which wasn't read
			_, _ = fs.ReadFile(d.FS(), test.name)
		}
		err := d.Write(t.Context(), test.name, []byte("new\n"))
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("writing %s gives %v, want %v", test.name, err, test.want)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "real.yaml")); err != nil || string(got) != "old\n" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestCommitTellsOfHardLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "old\n", 0o644)
	if err := os.Link(filepath.Join(dir, "a.yaml"), filepath.Join(dir, "kept.yaml")); err != nil {
		t.Skip(err)
	}
	w, err := replace(t, open(t, dir), "a.yaml").Commit(t.Context())
	if diff := cmp.Diff([]string{"a.yaml"}, w.Linked); err != nil || diff != "" {
		t.Errorf("the links differ, %v (-want +got):\n%s", err, diff)
	}
	holds(t, dir, map[string]string{"a.yaml": "new\n", "kept.yaml": "old\n"})
}
