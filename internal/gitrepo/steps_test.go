package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// stepChild fetches, commits and pushes once, and dies at the step that its folder's
// name is preceded by.
func stepChild(ctx context.Context, out io.Writer, url, job string) error {
	number, dir, _ := strings.Cut(job, " ")
	last, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	steps := 0
	repo, err := gitrepo.Open(gitrepo.Config{URL: url, Dir: dir, Disk: func(step, name string) error {
		if steps++; steps == last {
			say(out, step+" "+name)
			return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("still alive"))
		}
		return nil
	}})
	if err != nil {
		return err
	}
	return round(ctx, repo)
}

// round changes one file of main.
func round(ctx context.Context, repo *gitrepo.Repo) error {
	base, err := repo.Fetch(ctx, "main")
	if err != nil {
		return err
	}
	made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"apps/bot": []byte("after " + base)}})
	if err != nil {
		return err
	}
	return repo.Push(ctx, gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base})
}

// starts are the mirrors with which a round may find itself.
func starts() map[string]func(t *testing.T, repo *gitrepo.Repo) {
	return map[string]func(t *testing.T, repo *gitrepo.Repo){
		"no mirror yet": nil,
		"a mirror":      func(t *testing.T, repo *gitrepo.Repo) { fetch(t, repo, "main") },
		"a damaged mirror, again": func(t *testing.T, repo *gitrepo.Repo) {
			for range 2 {
				fetch(t, repo, "main")
				spoil(t, repo)
			}
		},
	}
}

// stride is how many steps there are from one test to the next: all of them for the
// round that is the most usual, some for those that go the same way in the end.
func stride(start string) int {
	switch {
	case testing.Short():
		return 9
	case start == "a mirror":
		return 1
	}
	return 4
}

// spoil damages the packs, and has a reader notice.
func spoil(t *testing.T, repo *gitrepo.Repo) {
	t.Helper()
	overwrite(t, repo, "gen-*/objects/pack/*.pack", []byte("PACK"))
	again := open(t, repo.URL(), func(c *gitrepo.Config) { c.Dir = filepath.Dir(repo.MirrorDir()) })
	head, _ := repo.Known("main")
	if _, err := readAll(again, head); !errors.Is(err, gitrepo.ErrDamaged) || !again.Damaged() {
		t.Fatalf("reading a damaged mirror: %v", err)
	}
}

// A process dies before each single step by which a round changes the disk: the next
// round works, with all that should be there, and the disk doesn't fill with remains.
func TestKilledAtEveryStep(t *testing.T) {
	for name, start := range starts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := gitrepotest.New(t)
			url := server.Create("deploy")
			server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/a": "1"}})
			killed := 0
			for done := false; !done; {
				killed += stride(name)
				dir := t.TempDir()
				repo := open(t, url, func(c *gitrepo.Config) { c.Dir = dir })
				if start != nil {
					start(t, repo)
				}
				server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/person": fmt.Sprint(killed)}})
				var where string
				where, done = dieAt(t, killed, url, dir)
				afterwards(t, server, url, dir, strings.TrimSpace(where))
			}
			if killed < 30 {
				t.Errorf("a round had only %d steps", killed)
			}
			server.Git("deploy", "fsck", "--strict", "--no-dangling")
		})
	}
}

// dieAt runs a child until its step n, and tells what that was, or that it had finished.
func dieAt(t *testing.T, n int, url, dir string) (string, bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=steps %s %d %s", childEnv, url, n, dir))
	out, err := cmd.Output()
	var killed *exec.ExitError
	if err != nil && (!errors.As(err, &killed) || killed.Exited()) {
		t.Fatalf("the child wasn't killed at step %d: %v\n%s", n, err, killed.Stderr)
	}
	return string(out), err == nil
}

// afterwards checks a mirror at which a process has died.
func afterwards(t *testing.T, server *gitrepotest.Server, url, dir, where string) {
	t.Helper()
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/person": "after " + where}})
	repo := open(t, url, func(c *gitrepo.Config) { c.Dir = dir })
	if err := round(t.Context(), repo); err != nil {
		t.Fatalf("after %s: %v", where, err)
	}
	head := fetch(t, repo, "main")
	got, err := readAll(repo, head) // content is compared with its hash in reading
	if err != nil || len(got) != 3 || !strings.HasPrefix(got["apps/bot"], "after") || got["apps/person"] != "after "+where {
		t.Fatalf("after %s: %v, %v", where, got, err)
	}
	if want := server.Head("deploy", "main"); want != string(head) {
		t.Errorf("after %s: fetched %s, want %s", where, head, want)
	}
	noRemains(t, repo, where)
}

// noRemains fails where files are left that nobody will use.
func noRemains(t *testing.T, repo *gitrepo.Repo, where string) {
	t.Helper()
	var left []string
	for _, pattern := range []string{"*.new-*", "gen-*/*.new-*", "gen-*/objects/tmp_*", "gen-*/objects/pack/tmp_*"} {
		left = append(left, mirrorFiles(t, repo, pattern)...)
	}
	if generations := mirrorFiles(t, repo, "gen-*"); len(generations) > 2 {
		left = append(left, generations...)
	}
	if len(left) > 0 {
		t.Errorf("%s: left behind are %q", where, left)
	}
}
