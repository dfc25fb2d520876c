package gitwriter_test

import (
	"context"
	"io/fs"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// hook stands between a bot and the world: it may do a step or not, and answer as it
// likes.
type hook func(name string, do func() error) error

// through runs do under a hook.
func through[T any](h hook, name string, do func() (T, error)) (result T, err error) {
	err = h(name, func() (err error) {
		result, err = do()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// hookedRepo is a repository whose steps pass through a hook.
type hookedRepo struct {
	*gitrepo.Repo
	h hook
}

func (r hookedRepo) Fetch(ctx context.Context, branch string) (gitrepo.Hash, error) {
	return through(r.h, "fetch", func() (gitrepo.Hash, error) { return r.Repo.Fetch(ctx, branch) })
}

func (r hookedRepo) FS(commit gitrepo.Hash) (fs.FS, error) {
	return through(r.h, "read", func() (fs.FS, error) { return r.Repo.FS(commit) })
}

func (r hookedRepo) Commit(c gitrepo.Commit) (gitrepo.Hash, error) {
	return through(r.h, "commit", func() (gitrepo.Hash, error) { return r.Repo.Commit(c) })
}

func (r hookedRepo) Push(ctx context.Context, req gitrepo.PushRequest) error {
	return r.h("push", func() error { return r.Repo.Push(ctx, req) })
}

func (r hookedRepo) DeleteBranch(ctx context.Context, branch string, expect gitrepo.Hash) error {
	return r.h("delete", func() error { return r.Repo.DeleteBranch(ctx, branch, expect) })
}

// hookedForge is a forge whose calls pass through a hook.
type hookedForge struct {
	forge.Forge
	h hook
}

func (f hookedForge) List(ctx context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	return through(f.h, "list", func() ([]forge.PullRequest, error) { return f.Forge.List(ctx, filter) })
}

// Create's labels are a step of their own, as they are a request of their own.
func (f hookedForge) Create(ctx context.Context, n forge.NewPullRequest) (forge.PullRequest, error) {
	decoration := n.Decoration
	n.Decoration = forge.Decoration{}
	pull, err := through(f.h, "create", func() (forge.PullRequest, error) { return f.Forge.Create(ctx, n) })
	if err != nil || decoration.IsZero() {
		return pull, err
	}
	decorated, err := f.Decorate(ctx, pull.Number, decoration)
	if err != nil {
		return pull, err
	}
	return decorated, nil
}

func (f hookedForge) Update(ctx context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	return through(f.h, "update", func() (forge.PullRequest, error) { return f.Forge.Update(ctx, number, change) })
}

func (f hookedForge) Decorate(ctx context.Context, number int, d forge.Decoration) (forge.PullRequest, error) {
	return through(f.h, "decorate", func() (forge.PullRequest, error) { return f.Forge.Decorate(ctx, number, d) })
}

func (f hookedForge) Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error) {
	return through(f.h, "comments", func() ([]forge.Comment, error) { return f.Forge.Comments(ctx, number, since) })
}

func (f hookedForge) Permission(ctx context.Context, login string) (forge.Permission, error) {
	return through(f.h, "permission", func() (forge.Permission, error) { return f.Forge.Permission(ctx, login) })
}

func (f hookedForge) Readiness(ctx context.Context, number int) (forge.Readiness, error) {
	return through(f.h, "readiness", func() (forge.Readiness, error) { return f.Forge.Readiness(ctx, number) })
}

func (f hookedForge) Merge(ctx context.Context, number int, m forge.MergeRequest) (forge.PullRequest, error) {
	return through(f.h, "merge", func() (forge.PullRequest, error) { return f.Forge.Merge(ctx, number, m) })
}

func (f hookedForge) Automerge(ctx context.Context, number int, m forge.MergeRequest) error {
	return f.h("automerge", func() error { return f.Forge.Automerge(ctx, number, m) })
}

func (f hookedForge) CancelAutomerge(ctx context.Context, number int) error {
	return f.h("cancel", func() error { return f.Forge.CancelAutomerge(ctx, number) })
}
