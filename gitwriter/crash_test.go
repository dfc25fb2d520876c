package gitwriter_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// errKilled stands for the end of the process.
var errKilled = errors.New("killed")

// killer lets a number of steps happen and nothing after them: the step that is the
// last one is done, but its answer is never seen, as with SIGKILL after it.
type killer struct {
	mu    sync.Mutex
	left  int
	steps []string
}

// step runs do as one step, unless the process is dead.
func step[T any](k *killer, name string, do func() (T, error)) (T, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var none T
	if k.left--; k.left < 0 {
		return none, errKilled
	}
	k.steps = append(k.steps, name)
	result, err := do()
	if k.left == 0 {
		return none, errKilled
	}
	return result, err
}

// mortalRepo is a repository that dies with its process.
type mortalRepo struct {
	*gitrepo.Repo
	k *killer
}

func (r mortalRepo) Fetch(ctx context.Context, branch string) (gitrepo.Hash, error) {
	return step(r.k, "fetch", func() (gitrepo.Hash, error) { return r.Repo.Fetch(ctx, branch) })
}

func (r mortalRepo) FS(commit gitrepo.Hash) (fs.FS, error) {
	return step(r.k, "read", func() (fs.FS, error) { return r.Repo.FS(commit) })
}

func (r mortalRepo) Commit(c gitrepo.Commit) (gitrepo.Hash, error) {
	return step(r.k, "commit", func() (gitrepo.Hash, error) { return r.Repo.Commit(c) })
}

func (r mortalRepo) Push(ctx context.Context, req gitrepo.PushRequest) error {
	_, err := step(r.k, "push", func() (struct{}, error) { return struct{}{}, r.Repo.Push(ctx, req) })
	return err
}

// mortalForge is a forge that is no longer heard after the process has died.
type mortalForge struct {
	forge.Forge
	k *killer
}

func (f mortalForge) List(ctx context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	return step(f.k, "list", func() ([]forge.PullRequest, error) { return f.Forge.List(ctx, filter) })
}

func (f mortalForge) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	return step(f.k, "create", func() (forge.PullRequest, error) { return f.Forge.Create(ctx, pr) })
}

func (f mortalForge) Update(ctx context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	return step(f.k, "update", func() (forge.PullRequest, error) { return f.Forge.Update(ctx, number, change) })
}

// stories are the states in which a bot may be killed: what was before, and the
// update under way.
type story struct {
	before  func(w *world)
	version string
	steps   []string // of a run that nobody kills
}

func stories() map[string]story {
	return map[string]story{
		"create": {
			before:  func(*world) {},
			version: "1.1.0",
			steps:   []string{"fetch", "read", "list", "commit", "push", "create"},
		},
		"update in place": {
			before:  func(w *world) { w.write(updateTo("1.1.0")) },
			version: "1.2.0",
			steps:   []string{"fetch", "read", "list", "commit", "push", "update"},
		},
		"rebuild": {
			before: func(w *world) {
				w.write(updateTo("1.1.0"))
				w.git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{"other": "x"}})
			},
			version: "1.1.0",
			steps:   []string{"fetch", "read", "list", "commit", "push"},
		},
	}
}

func TestKilledAfterAnyStep(t *testing.T) {
	t.Parallel()
	for name, story := range stories() {
		for n := 1; n <= len(story.steps); n++ {
			for _, lostDisk := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/lostDisk=%t", name, story.steps[n-1], lostDisk), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					story.before(w)
					k := &killer{left: n}
					_, err := w.writer(mortalRepo{w.repo(), k}, mortalForge{w.forge, k}).Write(t.Context(), updateTo(story.version))
					if !errors.Is(err, errKilled) {
						t.Fatalf("the bot wasn't killed: %v", err)
					}
					if lostDisk {
						w.dir = t.TempDir()
					}
					w.write(updateTo(story.version))
					w.isDone(story.version)
				})
			}
		}
	}
}

// isDone checks what must be true after any history: one pull request, one commit on
// the base, the right content and text, and nothing left to do.
func (w *world) isDone(version string) {
	w.t.Helper()
	if diff := cmp.Diff([]int{1}, w.forge.open()); diff != "" || len(w.forge.pulls) != 1 {
		w.t.Errorf("%d pull requests, open ones (-want +got):\n%s", len(w.forge.pulls), diff)
	}
	if got := w.git.Git(repoName, "rev-list", "--count", "main..towline/web"); got != "1" {
		w.t.Errorf("the branch is %s commits ahead, want 1", got)
	}
	if got, want := w.git.File(repoName, "towline/web", "apps/web.yaml"), "image: ghcr.io/acme/web:"+version; got != want {
		w.t.Errorf("the branch has %q, want %q", got, want)
	}
	if got, want := w.forge.pulls[0].Title, "chore(deps): update web to "+version; got != want {
		w.t.Errorf("title %q, want %q", got, want)
	}
	head := w.git.Head(repoName, "towline/web")
	w.wants(w.write(updateTo(version)), gitwriter.ActionUnchanged)
	if got := w.git.Head(repoName, "towline/web"); got != head {
		w.t.Errorf("a round without news moved the branch from %s to %s", head, got)
	}
}

func TestStoriesHaveTheStepsTheyClaim(t *testing.T) {
	for name, story := range stories() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			story.before(w)
			k := &killer{left: 1 << 20}
			if _, err := w.writer(mortalRepo{w.repo(), k}, mortalForge{w.forge, k}).Write(t.Context(), updateTo(story.version)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(story.steps, k.steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPushedBranchIsAdoptedWithoutAnotherPush(t *testing.T) {
	w := newWorld(t)
	k := &killer{left: 5} // dies after the push
	if _, err := w.writer(mortalRepo{w.repo(), k}, mortalForge{w.forge, k}).Write(t.Context(), updateTo("1.1.0")); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	head := w.git.Head(repoName, "towline/web")
	out := w.write(updateTo("1.1.0"))
	w.wants(out, gitwriter.ActionCreated)
	if string(out.Commit) != head || w.git.Head(repoName, "towline/web") != head {
		t.Errorf("the branch was pushed again: %s, then %s", head, out.Commit)
	}
}
