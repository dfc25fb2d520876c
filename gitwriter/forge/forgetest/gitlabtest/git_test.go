package gitlabtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The real git clones, pushes, and finds its push in the merge request; with another
// token it doesn't.
func TestGitOverHTTP(t *testing.T) {
	s := newSite(t)
	s.call("alice-token", "POST", "merge_requests", `{"source_branch":"topic","target_branch":"main","title":"Topic"}`)
	dir := t.TempDir()
	git := func(token string, args ...string) (string, error) {
		address := strings.Replace(s.server.URL(), "://", "://oauth2:"+token+"@", 1) + "/acme/team/deploy.git"
		for i, arg := range args {
			args[i] = strings.ReplaceAll(arg, "REMOTE", address)
		}
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	for _, args := range [][]string{{"clone", "--quiet", "--branch", "topic", "REMOTE", "."}, {"commit", "--quiet", "--allow-empty", "-m", "More"}, {"push", "--quiet", "REMOTE", "HEAD:topic"}} {
		if out, err := git("alice-token", args...); err != nil {
			t.Fatalf("git %s: %v: %s", args[0], err, out)
		}
	}
	head, err := git("alice-token", "rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.call("alice-token", "GET", "merge_requests/1", ""); !strings.Contains(got.body, `"sha":"`+head+`"`) {
		t.Errorf("the merge request isn't at %s: %s", head, got.body)
	}
	for _, token := range []string{"mallory-token", "unknown"} {
		if out, err := git(token, "push", "--quiet", "REMOTE", "HEAD:other"); err == nil {
			t.Errorf("a push with %s went through: %s", token, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "topic")); err != nil {
		t.Error(err)
	}
}
