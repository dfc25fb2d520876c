package gitrepo_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// personal runs Git in a person's repository.
func personal(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=Pat", "-c", "user.email=pat@example.com"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// TestLocalHistory, in whatever form Git keeps it.
func TestLocalHistory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "work")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := gitrepo.OpenLocal(dir, 1000); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without a repository: %v", err)
	}
	personal(t, dir, "init", "-q", "-b", "main")
	if _, err := gitrepo.OpenLocal(dir, 1000); !errors.Is(err, gitrepo.ErrNotFetched) {
		t.Errorf("a repository without a commit: %v", err)
	}
	for _, text := range []string{"one", "two"} {
		if err := os.WriteFile(filepath.Join(dir, "a"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		personal(t, dir, "add", ".")
		personal(t, dir, "commit", "-qm", text)
	}
	personal(t, dir, "commit", "-qm", "three", "--allow-empty")
	for _, step := range []struct {
		name string
		args []string
		dir  string
	}{
		{"as it is made", []string{"status"}, dir},
		{"packed", []string{"gc", "-q"}, dir},
		{"without a branch", []string{"checkout", "-q", "--detach"}, dir},
		{"a linked work tree", []string{"worktree", "add", "-q", "../linked"}, filepath.Join(filepath.Dir(dir), "linked")},
	} {
		t.Run(step.name, func(t *testing.T) {
			personal(t, dir, step.args...)
			l, err := gitrepo.OpenLocal(step.dir, 1000)
			if err != nil {
				t.Fatal(err)
			}
			found, err := l.LastChange(t.Context(), gitrepo.FileSearch{File: "a", From: l.Head(), Limit: 10})
			if err != nil || found.Change == nil {
				t.Fatalf("%+v, %v", found, err)
			}
			before, err := l.Blob(found.Change.Before)
			if diff := cmp.Diff("one two\n", string(before)+" "+found.Change.Commit.Message); diff != "" || err != nil {
				t.Errorf("%v, the last change (-want +got):\n%s", err, diff)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
