package gitwriter_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

const repoName = "acme/deploy"

// start is when the first bot was started, to the minute.
func start() time.Time { return time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC) }

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
	w.forge = &memoryForge{git: git, now: start()}
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
	now := start().Add(time.Duration(w.minute) * time.Minute)
	if w.forge.now.Before(now) {
		w.forge.now = now
	}
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

// merge does what a person does on the forge's page.
func (w *world) merge(number int) {
	w.t.Helper()
	pull := &w.forge.pulls[number-1]
	pull.HeadSHA = w.git.Head(repoName, pull.Head)
	w.forge.touch(number)
	pull.State, pull.ClosedAt = forge.StateMerged, w.forge.now
	w.git.Git(repoName, "update-ref", "refs/heads/"+pull.Base, pull.HeadSHA)
}
