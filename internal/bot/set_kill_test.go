package bot_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/workdir/workdirtest"
)

// TestSetKilled kills the setting of images at ten moments. Each file then is as it was
// or as it should be, what is left behind is no manifest, and the next run succeeds.
func TestSetKilled(t *testing.T) {
	dir := t.TempDir()
	if err := workdirtest.Tree(dir, 1000); err != nil {
		t.Fatal(err)
	}
	want := normalised(t, dir)
	kills, after := 0, 5*time.Millisecond
	for i := range 10 {
		after = after * 9 / 5 // up to 1.8 s: machines differ
		if killed(t, after, append([]string{"set", dir}, assignments(true, fmt.Sprintf("2.0.%d", i))...)) {
			kills++
		}
		got := normalised(t, dir)
		for name, text := range want {
			if got[name] != text {
				t.Fatalf("after kill %d %s holds:\n%s", i, name, got[name])
			}
			delete(got, name)
		}
		for name := range got {
			if !strings.HasPrefix(filepath.Base(name), ".towline-") || edit.Candidate(filepath.ToSlash(name)) {
				t.Errorf("after kill %d there is %s", i, name)
			}
		}
	}
	t.Logf("%d of 10 runs were killed before their end", kills)
	var args []string
	for i := range 20 {
		args = append(args, workdirtest.Image(i)+"=3.0.0")
	}
	if edits, problems, _ := setIn(t, dir, args...); len(edits) != 100 || len(problems) > 0 {
		t.Errorf("afterwards there are %d edits, want 100, and the problems %q", len(edits), problems)
	}
}

// killed runs a child and kills it after a while. It tells whether it was still at work.
func killed(t *testing.T, after time.Duration, args []string) bool {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestSetChild$")
	cmd.Env = append(os.Environ(), "TOWLINE_SET_CHILD="+strings.Join(args, "\n"), "TOWLINE_SET_RESULT="+filepath.Join(t.TempDir(), "cost"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	return cmd.Wait() != nil
}

// normalised gives the files of a tree with one tag for all that its images may have.
func normalised(t *testing.T, dir string) map[string]string {
	t.Helper()
	tag := regexp.MustCompile(`(service-\d+):[\w.]+`)
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name) //nolint:gosec // the test's own file
		files[name] = tag.ReplaceAllString(string(data), "$1:TAG")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
