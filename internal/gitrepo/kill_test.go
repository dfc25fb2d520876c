package gitrepo_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

const childEnv = "GITREPO_TEST_CHILD"

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if job := os.Getenv(childEnv); job != "" {
		kind, job, _ := strings.Cut(job, " ")
		url, dir, _ := strings.Cut(job, " ")
		jobs := map[string]func(context.Context, io.Writer, string, string) error{
			"forever": child, "steps": stepChild, "full-disk": fullDiskChild,
		}
		if err := jobs[kind](context.Background(), os.Stdout, url, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child adds to a file on main for ever, and says before each step what comes.
func child(ctx context.Context, out io.Writer, url, dir string) error {
	repo, err := gitrepo.Open(gitrepo.Config{URL: url, Dir: dir})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		say(out, "fetch")
		base, err := repo.Fetch(ctx, "main")
		if err != nil {
			return err
		}
		say(out, "commit")
		made, err := commit(repo, gitrepo.Commit{Base: base, Files: map[string][]byte{"n": fmt.Appendf(nil, "%s %d", base, n)}})
		if err != nil {
			return err
		}
		say(out, "push")
		err = repo.Push(ctx, gitrepo.PushRequest{Commit: made, Branch: "main", Expect: base})
		if err != nil && !errors.Is(err, gitrepo.ErrRejected) {
			return err
		}
	}
}

func say(out io.Writer, step string) {
	// The reader kills us; that it no longer listens is part of the test.
	_, _ = fmt.Fprintln(out, step)
}

// A process is killed in the midst of every kind of step, many times over one cache,
// while a person pushes: afterwards the mirror serves, and the remote is sound.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	dir := t.TempDir()
	for lines := 1; lines <= 9; lines++ {
		killAfter(t, lines, "forever "+url+" "+dir)
		server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{fmt.Sprintf("person-%d", lines): "x"}})

		repo := open(t, url, func(c *gitrepo.Config) { c.Dir = dir })
		head := fetch(t, repo, "main")
		got, err := readAll(repo, head)
		if err != nil || len(got) < lines+1 {
			t.Fatalf("after %d lines: %d files, %v", lines, len(got), err)
		}
	}
	server.Git("deploy", "fsck", "--strict", "--no-dangling")
	if got, want := server.Git("deploy", "rev-list", "--count", "--committer=Pat", "main"), "10"; got != want {
		t.Errorf("%s commits of the person are left, want %s", got, want)
	}
}

// killAfter starts a child and kills it when it has said so many lines.
func killAfter(t *testing.T, lines int, job string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+job)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for range lines {
		if !scanner.Scan() {
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var killed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &killed) || killed.Exited() {
		t.Fatalf("the child wasn't killed: %v\n%s", err, stderr.String())
	}
}
