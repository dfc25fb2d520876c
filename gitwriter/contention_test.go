package gitwriter_test

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// counting adds one to a number in a file on the base branch.
func counting(file string) gitwriter.Update {
	return gitwriter.Update{
		Group: file, Base: "main", Mode: gitwriter.ModeCommit,
		Rewrite: func(_ context.Context, _ gitrepo.Hash, base fs.FS) (map[string][]byte, []gitwriter.Change, error) {
			data, err := fs.ReadFile(base, file)
			if err != nil {
				return nil, nil, err
			}
			n, err := strconv.Atoi(strings.TrimSpace(string(data)))
			if err != nil {
				return nil, nil, err
			}
			next := strconv.Itoa(n + 1)
			return map[string][]byte{file: []byte(next + "\n")}, []gitwriter.Change{{File: file, Path: "n", Image: "n", From: string(data), To: next}}, nil
		},
	}
}

// TestFourWritersOnOneBranch: with real waits, each with a mirror of its own, as on four
// machines.
func TestFourWritersOnOneBranch(t *testing.T) {
	t.Parallel()
	const writers, each = 4, 5
	w := newWorld(t)
	files := map[string]string{}
	for i := range writers {
		files[fmt.Sprintf("n-%d", i)] = "0\n"
	}
	w.git.Commit(repoName, gitrepotest.Commit{Files: files})
	before := w.git.Head(repoName, "main")
	var all sync.WaitGroup
	for i := range writers {
		repo, err := gitrepo.Open(gitrepo.Config{URL: w.url, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		writer, err := gitwriter.New(gitwriter.Config{Repo: repo})
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for range each {
				if out, err := writer.Write(t.Context(), counting(fmt.Sprintf("n-%d", i))); err != nil || out.Action != gitwriter.ActionCommitted {
					t.Errorf("writer %d: %s, %v", i, out.Action, err)
				}
			}
		})
	}
	all.Wait()
	for i := range writers {
		if got := w.git.File(repoName, "main", fmt.Sprintf("n-%d", i)); got != strconv.Itoa(each) {
			t.Errorf("writer %d's file is at %s, want %d", i, got, each)
		}
	}
	if got := w.git.Git(repoName, "rev-list", "--count", before+"..main"); got != strconv.Itoa(writers*each) {
		t.Errorf("%s commits, want %d", got, writers*each)
	}
	if got := w.git.Git(repoName, "merge-base", before, "main"); got != before {
		t.Errorf("the history was forced: %s", got)
	}
}

// TestPushWhileAnotherHoldsTheLock: the branch hasn't moved yet when the remote refuses,
// and moves a little later.
func TestPushWhileAnotherHoldsTheLock(t *testing.T) {
	for looks := 1; looks <= 3; looks++ {
		w := newWorld(t)
		refused, waits := false, 0
		repo := &refusesOnce{Repo: w.repo(), then: func() { refused = true }}
		writer := w.writer(repo, w.forge, func(c *gitwriter.Config) {
			c.Sleep = func(context.Context, time.Duration) error {
				if waits++; refused && waits == looks {
					w.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"person": "x"}})
				}
				return nil
			}
		})
		out, err := writer.Write(t.Context(), commitUpdate())
		if err != nil {
			t.Fatalf("after %d looks: %v", looks, err)
		}
		w.wants(out, gitwriter.ActionCommitted)
		if waits < looks || w.git.File(repoName, "main", "person") != "x" {
			t.Errorf("after %d looks: the other's commit is gone", looks)
		}
	}
}

// refusesOnce refuses the first push, as a remote does whose branch is locked, and then
// the branch moves.
type refusesOnce struct {
	*gitrepo.Repo
	then func()
}

func (r *refusesOnce) Push(ctx context.Context, req gitrepo.PushRequest) error {
	if r.then != nil {
		r.then()
		r.then = nil
		return &gitrepo.Error{Op: "pushing", Kind: gitrepo.ErrRefused}
	}
	return r.Repo.Push(ctx, req)
}

// TestPersonMakesTheBranchWhileWePush: the branch wasn't there when we looked.
func TestPersonMakesTheBranchWhileWePush(t *testing.T) {
	w := newWorld(t)
	var theirs string
	repo := &pushesBetween{Repo: w.repo(), times: 1, do: func() {
		w.git.Git(repoName, "branch", "towline/web", "main")
		theirs = w.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/web", Files: map[string]string{"fix": "x"}})
	}}
	out, err := w.writer(repo, w.forge).Write(t.Context(), updateTo("1.1.0"))
	if err != nil {
		t.Fatal(err)
	}
	w.wants(out, gitwriter.ActionFrozen)
	if got := w.git.Head(repoName, "towline/web"); got != theirs {
		t.Errorf("the person's commit %s is gone: %s", theirs, got)
	}
}
