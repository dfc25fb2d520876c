package gitwriter_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

const repoName = "acme/deploy"

// world is a real Git server with one repository, and a forge beside it.
type world struct {
	t      *testing.T
	git    *gitrepotest.Server
	url    string
	forge  *memoryForge
	dir    string // the mirror's cache, which outlives a killed bot
	minute int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	git := gitrepotest.New(t)
	w := &world{t: t, git: git, url: git.Create(repoName), dir: t.TempDir()}
	w.forge = &memoryForge{git: git}
	git.Commit(repoName, gitrepotest.Commit{Files: map[string]string{
		"apps/web.yaml": "image: ghcr.io/acme/web:1.0.0\n",
		"README.md":     "hello\n",
	}})
	return w
}

// repo opens the repository as a new process would.
func (w *world) repo() *gitrepo.Repo {
	w.t.Helper()
	repo, err := gitrepo.Open(gitrepo.Config{URL: w.url, Dir: w.dir, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		w.t.Fatal(err)
	}
	return repo
}

// writer starts a bot; its clock differs from that of the one before.
func (w *world) writer(repo gitwriter.Repository, f forge.Forge, edit ...func(*gitwriter.Config)) *gitwriter.Writer {
	w.t.Helper()
	w.minute++
	now := time.Date(2026, 1, 2, 3, w.minute, 0, 0, time.UTC)
	cfg := gitwriter.Config{Repo: repo, Forge: f, Now: func() time.Time { return now }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range edit {
		f(&cfg)
	}
	writer, err := gitwriter.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return writer
}

// write runs one round of a bot that was just started.
func (w *world) write(u gitwriter.Update) gitwriter.Outcome {
	w.t.Helper()
	out, err := w.writer(w.repo(), w.forge).Write(w.t.Context(), u)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// wants checks an outcome's action.
func (w *world) wants(out gitwriter.Outcome, want gitwriter.Action) {
	w.t.Helper()
	if out.Action != want {
		w.t.Fatalf("action %q (%s), want %q", out.Action, out.Reason, want)
	}
}

// updateTo moves the image in apps/web.yaml to a version.
func updateTo(version string) gitwriter.Update {
	const file, image = "apps/web.yaml", "ghcr.io/acme/web"
	return gitwriter.Update{
		Group: "web", Base: "main", Decoration: forge.Decoration{Labels: []string{"images"}},
		Rewrite: func(_ context.Context, _ gitrepo.Hash, base fs.FS) (map[string][]byte, []gitwriter.Change, error) {
			data, err := fs.ReadFile(base, file)
			if err != nil {
				return nil, nil, err
			}
			var from string
			if _, err := fmt.Sscanf(string(data), "image: "+image+":%s\n", &from); err != nil {
				return nil, nil, err
			}
			if from == version {
				return nil, nil, nil
			}
			return map[string][]byte{file: []byte(strings.Replace(string(data), from, version, 1))}, []gitwriter.Change{{
				File: file, Path: "image", Line: 1, Policy: "web", Image: image, From: from, To: version,
				Digest: "sha256:" + strings.Repeat("ab", 32), Reason: "highest that fits >=1.0.0", Level: "minor",
			}}, nil
		},
	}
}

// memoryForge keeps pull requests as a forge does: one open one for each head and
// base, heads looked up in Git, and no memory of who asks.
type memoryForge struct {
	git *gitrepotest.Server

	mu    sync.Mutex
	pulls []forge.PullRequest
	calls []string
}

func (f *memoryForge) List(_ context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "list")
	var found []forge.PullRequest
	for i := range f.pulls {
		if f.pulls[i].State == forge.StateOpen {
			f.pulls[i].HeadSHA = f.git.Head(repoName, f.pulls[i].Head)
		}
		if filter.Matches(f.pulls[i]) {
			found = append(found, f.pulls[i])
		}
	}
	slices.Reverse(found)
	return found, nil
}

func (f *memoryForge) Create(_ context.Context, n forge.NewPullRequest) (forge.PullRequest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "create")
	head := f.git.Head(repoName, n.Head)
	if head == "" || head == f.git.Head(repoName, n.Base) {
		return forge.PullRequest{}, &forge.Error{Op: "creating", Err: forge.ErrInvalid}
	}
	for _, pull := range f.pulls {
		if pull.State == forge.StateOpen && pull.Head == n.Head && pull.Base == n.Base {
			return forge.PullRequest{}, &forge.Error{Op: "creating", Err: forge.ErrExists}
		}
	}
	pull := forge.PullRequest{
		Number: len(f.pulls) + 1, Title: n.Title, Body: n.Body, Head: n.Head, Base: n.Base,
		HeadSHA: head, State: forge.StateOpen, Labels: n.Labels,
	}
	f.pulls = append(f.pulls, pull)
	return pull, nil
}

func (f *memoryForge) Update(_ context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "update")
	if number < 1 || number > len(f.pulls) {
		return forge.PullRequest{}, &forge.Error{Op: "updating", Err: forge.ErrNotFound}
	}
	pull := &f.pulls[number-1]
	if change.Title != nil {
		pull.Title = *change.Title
	}
	if change.Body != nil {
		pull.Body = *change.Body
	}
	if change.State != nil {
		pull.State = *change.State
	}
	return *pull, nil
}

func (f *memoryForge) Comment(context.Context, int, string) error            { return nil }
func (f *memoryForge) SetStatus(context.Context, string, forge.Status) error { return nil }
func (f *memoryForge) set(number int, state forge.State)                     { f.pulls[number-1].State = state }
func (f *memoryForge) takeCalls() (calls []string)                           { calls, f.calls = f.calls, nil; return calls }

// open gives the numbers of the open pull requests.
func (f *memoryForge) open() (numbers []int) {
	for _, pull := range f.pulls {
		if pull.State == forge.StateOpen {
			numbers = append(numbers, pull.Number)
		}
	}
	return numbers
}

// merge does what a person does on the forge's page.
func (w *world) merge(number int) {
	w.t.Helper()
	pull := &w.forge.pulls[number-1]
	pull.HeadSHA = w.git.Head(repoName, pull.Head)
	pull.State = forge.StateMerged
	w.git.Git(repoName, "update-ref", "refs/heads/"+pull.Base, pull.HeadSHA)
}
