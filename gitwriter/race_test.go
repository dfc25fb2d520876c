package gitwriter_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// pushesBetween is a repository to which a person pushes just before our push.
type pushesBetween struct {
	*gitrepo.Repo
	times int
	do    func()
}

func (r *pushesBetween) Push(ctx context.Context, req gitrepo.PushRequest) error {
	if r.times > 0 {
		r.times--
		r.do()
	}
	return r.Repo.Push(ctx, req)
}

func commitUpdate() gitwriter.Update {
	u := updateTo("1.1.0")
	u.Mode = gitwriter.ModeCommit
	return u
}

func TestCommitMode(t *testing.T) {
	w := newWorld(t)
	before := w.git.Head(repoName, "main")
	out := w.write(commitUpdate())
	w.wants(out, gitwriter.ActionCommitted)
	if got := w.git.Git(repoName, "rev-list", "main"); got != string(out.Commit)+"\n"+before {
		t.Errorf("main's history is\n%s", got)
	}
	w.wants(w.write(commitUpdate()), gitwriter.ActionNothing)
	if calls := w.forge.takeCalls(); len(calls) > 0 {
		t.Errorf("the forge was asked: %v", calls)
	}
}

func TestCommitModeNeverLosesAPersonsCommit(t *testing.T) {
	t.Parallel()
	for _, times := range []int{1, 199, 200} {
		t.Run(fmt.Sprintf("pushed between %d times", times), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			n := 0
			repo := &pushesBetween{Repo: w.repo(), times: times, do: func() {
				n++
				w.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{fmt.Sprintf("person-%d", n): "x"}})
			}}
			out, err := w.writer(repo, w.forge).Write(t.Context(), commitUpdate())
			if times == 200 { // the bound on tries
				var later interface{ Temporary() bool }
				if !errors.Is(err, gitrepo.ErrRejected) || !errors.As(err, &later) || !later.Temporary() {
					t.Fatalf("want ErrRejected, for now, got %+v, %v", out, err)
				}
			} else if err != nil {
				t.Fatal(err)
			} else {
				w.wants(out, gitwriter.ActionCommitted)
				if got := w.git.File(repoName, "main", "apps/web.yaml"); got != "image: ghcr.io/acme/web:1.1.0" {
					t.Errorf("main has %q", got)
				}
			}
			for i := 1; i <= times; i++ {
				w.git.File(repoName, "main", fmt.Sprintf("person-%d", i)) // fails the test when missing
			}
		})
	}
}

func TestPersonCommitsToTheBranchWhileWePush(t *testing.T) {
	w := newWorld(t)
	w.write(updateTo("1.1.0"))
	var theirs string
	repo := &pushesBetween{Repo: w.repo(), times: 1, do: func() {
		theirs = w.git.Commit(repoName, gitrepotest.Commit{Branch: "towline/web", Files: map[string]string{"fix": "x"}})
	}}
	out, err := w.writer(repo, w.forge).Write(t.Context(), updateTo("1.2.0"))
	if err != nil {
		t.Fatal(err)
	}
	w.wants(out, gitwriter.ActionFrozen)
	if got := w.git.Head(repoName, "towline/web"); got != theirs {
		t.Errorf("the person's commit %s is gone: %s", theirs, got)
	}
}

func TestAnotherBotOpensThePullRequestFirst(t *testing.T) {
	w := newWorld(t)
	first := &firstCreate{Forge: w.forge, do: func() { w.write(updateTo("1.1.0")) }}
	out, err := w.writer(w.repo(), first).Write(t.Context(), updateTo("1.1.0"))
	if err != nil {
		t.Fatal(err)
	}
	w.wants(out, gitwriter.ActionUnchanged)
	if out.PullRequest == nil || out.PullRequest.Number != 1 {
		t.Errorf("the other bot's pull request wasn't adopted: %+v", out)
	}
	w.isDone("1.1.0")
}

// firstCreate does something before it creates.
type firstCreate struct {
	forge.Forge
	once sync.Once
	do   func()
}

func (f *firstCreate) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	f.once.Do(f.do)
	return f.Forge.Create(ctx, pr)
}

func TestTwoBotsAtOnceMakeOnePullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for round := 1; round <= 10; round++ {
		version := fmt.Sprintf("1.%d.0", round)
		var bots sync.WaitGroup
		for range 2 {
			repo := w.repo() // one cache on disk, as two processes on a machine have it
			writer := w.writer(repo, w.forge)
			bots.Go(func() {
				if _, err := writer.Write(t.Context(), updateTo(version)); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		bots.Wait()
		if t.Failed() {
			return
		}
		w.isDone(version)
	}
}

func TestRefusedPushIsNotTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.git.Hook(repoName, "pre-receive", "echo 'no bots here'; exit 1")
	tries := 0
	repo := &pushesBetween{Repo: w.repo(), times: 10, do: func() { tries++ }}
	_, err := w.writer(repo, w.forge).Write(t.Context(), updateTo("1.1.0"))
	if !errors.Is(err, gitrepo.ErrRefused) {
		t.Errorf("want ErrRefused, got %v", err)
	}
	if tries != 1 {
		t.Errorf("pushed %d times, want once", tries)
	}
}

func TestRewriteErrorAndBadUpdates(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("unreadable")
	failing := updateTo("1.1.0")
	failing.Rewrite = func(context.Context, gitrepo.Hash, fs.FS) (map[string][]byte, []gitwriter.Change, error) {
		return nil, nil, broken
	}
	if _, err := w.writer(w.repo(), w.forge).Write(t.Context(), failing); !errors.Is(err, broken) {
		t.Errorf("want the rewrite's error, got %v", err)
	}
	for name, change := range map[string]func(*gitwriter.Update){
		"no group":       func(u *gitwriter.Update) { u.Group = "" },
		"no base":        func(u *gitwriter.Update) { u.Base = "" },
		"no rewrite":     func(u *gitwriter.Update) { u.Rewrite = nil },
		"unknown mode":   func(u *gitwriter.Update) { u.Mode = "merge" },
		"its own base":   func(u *gitwriter.Update) { u.Base = "towline/web" },
		"bad template":   func(u *gitwriter.Update) { u.MessageTemplate = "{{.Nope}}" },
		"empty template": func(u *gitwriter.Update) { u.MessageTemplate = "{{/* nothing */}}" },
		"endless":        func(u *gitwriter.Update) { u.MessageTemplate = "{{range 1000000000}}x{{end}}" },
	} {
		t.Run(name, func(t *testing.T) {
			u := updateTo("1.1.0")
			change(&u)
			if _, err := w.writer(w.repo(), w.forge).Write(t.Context(), u); err == nil {
				t.Error("no error")
			}
			if _, err := w.writer(w.repo(), w.forge).Preview(t.Context(), u); err == nil {
				t.Error("no error in a preview")
			}
		})
	}
}
