package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// The disk is full from each single step of a round on: the round says so, what was
// there can still be read, and with room again all is well.
func TestDiskFullAtEveryStep(t *testing.T) {
	for name, start := range starts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := gitrepotest.New(t)
			url := server.Create("deploy")
			server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/a": "1"}})
			for last, done := 1, false; !done; last += stride(name) {
				dir := t.TempDir()
				if start != nil {
					start(t, open(t, url, func(c *gitrepo.Config) { c.Dir = dir }))
				}
				server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"apps/person": fmt.Sprint(last)}})
				where := ""
				repo := open(t, url, func(c *gitrepo.Config) { c.Dir, c.Disk = dir, fullFrom(last, &where) })
				err := round(t.Context(), repo)
				done = where == ""
				switch {
				case err == nil: // what can't be noted after a push is no failure
				case !errors.Is(err, gitrepo.ErrDiskFull), !strings.Contains(err.Error(), dir), !strings.Contains(err.Error(), "hint:"):
					t.Errorf("full at %s: %v", where, err)
				}
				afterwards(t, server, url, dir, "full at "+where)
			}
		})
	}
}

// fullFrom gives a disk that takes nothing new from a step on.
func fullFrom(last int, where *string) func(step, name string) error {
	steps := 0
	return func(step, name string) error {
		if steps++; steps < last || step == "remove" || step == "rename" {
			return nil
		}
		if *where == "" {
			*where = step + " " + name
		}
		return syscall.ENOSPC
	}
}

// A real disk that is full: a small one of its own, that only the child sees.
func TestDiskFull(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	text := make([]byte, 3<<20)
	for i, n := 0, uint32(1); i < len(text); i++ { // doesn't compress
		n = n*1664525 + 1013904223
		text[i] = byte(n >> 24)
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1", "big": fmt.Sprintf("%x", text)}})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"=full-disk "+url+" "+t.TempDir())
	cmd.SysProcAttr = privateMounts()
	out, err := cmd.CombinedOutput()
	if strings.HasPrefix(string(out), "skip") || errors.Is(err, os.ErrPermission) {
		t.Skipf("NOT TESTED on a real disk, which takes the right to mount one: %s%v", out, err)
	}
	if err != nil || string(out) != "fine\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

func fullDiskChild(ctx context.Context, out io.Writer, url, dir string) error {
	if err := mountSmall(dir); err != nil {
		say(out, "skip "+err.Error())
		return nil //nolint:nilerr // the parent skips
	}
	filler := dir + "/filler"
	if err := os.WriteFile(filler, make([]byte, 6<<20), 0o600); err != nil {
		return err
	}
	repo, err := gitrepo.Open(gitrepo.Config{URL: url, Dir: dir + "/git"})
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := repo.Fetch(ctx, "main"); !errors.Is(err, gitrepo.ErrDiskFull) {
			return fmt.Errorf("on a full disk: %w", err)
		}
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	head, err := repo.Fetch(ctx, "main")
	if err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if got, err := readAll(repo, head); err != nil || got["a"] != "1" {
		return fmt.Errorf("reading gave %v, %w", len(got), err)
	}
	say(out, "fine")
	return nil
}

// A folder that isn't ours, or is read-only, is named with a hint.
func TestMirrorWithoutAccess(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	for name, cause := range map[string]error{"wrong owner": syscall.EACCES, "read-only": syscall.EROFS} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			closed := open(t, url, func(c *gitrepo.Config) { c.Dir, c.Disk = dir, func(string, string) error { return cause } })
			_, err := closed.Fetch(t.Context(), "main")
			if !errors.Is(err, gitrepo.ErrMirrorAccess) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "hint:") {
				t.Errorf("fetching: %v", err)
			}
			repo := open(t, url, func(c *gitrepo.Config) { c.Dir = dir })
			head := fetch(t, repo, "main")
			if got, err := readAll(open(t, url, func(c *gitrepo.Config) { c.Dir = dir }), head); err != nil || got["a"] != "1" {
				t.Errorf("reading: %v, %v", got, err)
			}
			if _, err := commit(closed, gitrepo.Commit{Base: head, Files: map[string][]byte{"a": nil}}); !errors.Is(err, gitrepo.ErrMirrorAccess) {
				t.Errorf("committing: %v", err)
			}
			if got := fetch(t, closed, "main"); got != head { // nothing new: nothing to write
				t.Errorf("fetched %s", got)
			}
		})
	}
}

// Trouble of the system with a pack says nothing about what the mirror holds.
func TestTroubleIsNoDamage(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	for _, trouble := range []syscall.Errno{syscall.EMFILE, syscall.EIO, syscall.ENOSPC} {
		t.Run(trouble.Error(), func(t *testing.T) {
			var struck bool
			repo := open(t, url, func(c *gitrepo.Config) {
				c.Disk = func(_, name string) error {
					if struck && strings.Contains(name, "tmp_pack_") {
						return trouble
					}
					return nil
				}
			})
			fetch(t, repo, "main")
			struck = true
			server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": trouble.Error()}})
			if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, trouble) {
				t.Errorf("got %v", err)
			}
			if repo.Damaged() {
				t.Error("the mirror is condemned")
			}
		})
	}
}
