package workdir_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/workdir"
)

// found is what a walk told, by file.
type found struct {
	mu   sync.Mutex
	told map[string]string
}

func (f *found) add(name, what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told[name] += what
}

func (f *found) visitor() workdir.Visitor {
	f.told = map[string]string{}
	return workdir.Visitor{
		Enter: func(folder string) bool { return path.Base(folder) != ".git" },
		Wants: func(file string) bool { return path.Ext(file) == ".yaml" },
		Read: func(file workdir.File) error {
			f.add(file.Name, string(file.Data))
			return nil
		},
		Large: func(name string, size int64, content io.Reader) error {
			n, err := io.Copy(io.Discard, content)
			f.add(name, fmt.Sprintf("large %d %d", size, n))
			return err
		},
		Link: func(name string, err error) {
			what := "link"
			switch {
			case errors.Is(err, fs.ErrNotExist):
				what = "broken link"
			case err != nil:
				what = "bad link"
			}
			f.add(name, what)
		},
		Unreadable: func(name string, _ error) { f.add(name, "unreadable") },
	}
}

func TestWalk(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "outside.yaml"), "theirs", 0o644)
	dir := t.TempDir()
	want := map[string]string{"top.yaml": "top", "empty.yaml": "", "in.yaml": "link", "out.yaml": "bad link", "gone.yaml": "broken link", "loop.yaml": "bad link"}
	write(t, filepath.Join(dir, "top.yaml"), "top", 0o644)
	write(t, filepath.Join(dir, "empty.yaml"), "", 0o644)
	write(t, filepath.Join(dir, "readme.md"), "no", 0o644)
	write(t, filepath.Join(dir, ".git", "x.yaml"), "no", 0o644)
	for i := range 200 { // more than a worker takes at a time
		for _, name := range []string{fmt.Sprintf("many/f%d.yaml", i), fmt.Sprintf("deep/%d/er/f.yaml", i)} {
			write(t, filepath.Join(dir, name), name, 0o644)
			want[name] = name
		}
	}
	for link, target := range map[string]string{
		"in.yaml": "top.yaml", "out.yaml": filepath.Join(outside, "outside.yaml"), "gone.yaml": "nothing.yaml", "loop.yaml": "loop.yaml",
		"folder": outside, "up": ".",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	large := filepath.Join(dir, "large.yaml")
	write(t, large, "", 0o644)
	if err := os.Truncate(large, workdir.MaxFile+1); err != nil {
		t.Fatal(err)
	}
	want["large.yaml"] = fmt.Sprintf("large %d %[1]d", workdir.MaxFile+1)
	var f found
	if err := open(t, dir).Walk(t.Context(), f.visitor()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, f.told); diff != "" {
		t.Errorf("the walk finds other files (-want +got):\n%s", diff)
	}
	if err := open(t, filepath.Join(dir, "top.yaml")).Walk(t.Context(), f.visitor()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"top.yaml": "top"}, f.told); diff != "" {
		t.Errorf("the walk of one file finds others (-want +got):\n%s", diff)
	}
}

func TestWalkTellsOfWhatIsTooDeep(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	name := strings.TrimSuffix(strings.Repeat("d/", 300), "/")
	if err := root.MkdirAll(name, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile(name+"/x.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var f found
	if err := open(t, dir).Walk(t.Context(), f.visitor()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{strings.TrimSuffix(strings.Repeat("d/", 257), "/"): "unreadable"}
	if diff := cmp.Diff(want, f.told); diff != "" {
		t.Errorf("the walk tells other things (-want +got):\n%s", diff)
	}
}

func TestWalkEnds(t *testing.T) {
	dir := t.TempDir()
	for i := range 500 {
		write(t, filepath.Join(dir, fmt.Sprintf("d%d", i), "f.yaml"), "x", 0o644)
	}
	d := open(t, dir)
	var f found
	v := f.visitor()
	enough := errors.New("enough")
	v.Read = func(workdir.File) error { return enough }
	if err := d.Walk(t.Context(), v); !errors.Is(err, enough) {
		t.Errorf("the walk gives %v, not the visitor's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	v.Read = func(workdir.File) error { cancel(); return nil }
	if err := d.Walk(ctx, v); !errors.Is(err, context.Canceled) {
		t.Errorf("the walk gives %v after it was called off", err)
	}
}

func TestWalkSweepsWhatAKillLeftBehind(t *testing.T) {
	dir := t.TempDir()
	left := ".towline-ABCDEFGHIJKLMNOPQRSTUVWX23"
	for _, name := range []string{left, "a/" + left, "b/" + left, ".towline-notes", ".towline.yaml"} {
		write(t, filepath.Join(dir, name), "x", 0o644)
		old := time.Now().Add(-time.Hour)
		if name == "b/"+left { // of a run that is under way
			old = time.Now()
		}
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(t, dir).Walk(t.Context(), workdir.Visitor{Sweep: true}); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, map[string]string{"b/" + left: "x", ".towline-notes": "x", ".towline.yaml": "x"})
}

func TestWalkTellsOfWhatItMayNotRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "open.yaml"), "x", 0o644)
	write(t, filepath.Join(dir, "closed.yaml"), "x", 0)
	write(t, filepath.Join(dir, "shut", "x.yaml"), "x", 0o644)
	if err := os.Chmod(filepath.Join(dir, "shut"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "shut"), 0o700) }) //nolint:gosec // a folder
	var f found
	if err := open(t, dir).Walk(t.Context(), f.visitor()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"open.yaml": "x", "closed.yaml": "unreadable", "shut": "unreadable"}
	if diff := cmp.Diff(want, f.told); diff != "" {
		t.Errorf("the walk tells other things (-want +got):\n%s", diff)
	}
}
