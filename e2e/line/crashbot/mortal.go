package main

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/internal/gitrepo"
)

// step is something that the bot does.
type step string

// The steps, in the order in which a round does them.
const (
	stepRead   step = "read"   // the fetch with which a round begins
	stepList   step = "list"   // the forge has told what is new
	stepCommit step = "commit" // the commit is built in the mirror
	stepPush   step = "push"   // the branch is at the remote
	stepCreate step = "create" // the pull request is open
	stepUpdate step = "update" // an open pull request has its new text
)

// dieAt ends the process where the step that was just done is the fatal one. A step
// that failed wasn't done.
func (s step) dieAt(done step, err error) error {
	if err != nil || s != done {
		return err
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return fmt.Errorf("dying after %s: %w", done, err)
	}
	<-context.Background().Done() // never: the signal is on its way
	return errAlive
}

// mortalSource is where the bot reads.
type mortalSource struct {
	*gitrepo.Repo
	after step
}

// Fetch implements bot.Source.
func (m mortalSource) Fetch(ctx context.Context, branch string) (gitrepo.Hash, error) {
	hash, err := m.Repo.Fetch(ctx, branch)
	return hash, m.after.dieAt(stepRead, err)
}

// mortalRepo is where the writer works.
type mortalRepo struct {
	*gitrepo.Repo
	after step
}

// Commit implements gitwriter.Repository.
func (m mortalRepo) Commit(c gitrepo.Commit) (gitrepo.Hash, error) {
	hash, err := m.Repo.Commit(c)
	return hash, m.after.dieAt(stepCommit, err)
}

// Push implements gitwriter.Repository.
func (m mortalRepo) Push(ctx context.Context, req gitrepo.PushRequest) error {
	return m.after.dieAt(stepPush, m.Repo.Push(ctx, req))
}

// mortalForge is where pull requests are opened.
type mortalForge struct {
	forge.Forge
	after step
}

// List implements forge.Forge.
func (m mortalForge) List(ctx context.Context, filter forge.Filter) ([]forge.PullRequest, error) {
	pulls, err := m.Forge.List(ctx, filter)
	return pulls, m.after.dieAt(stepList, err)
}

// Create implements forge.Forge.
func (m mortalForge) Create(ctx context.Context, pr forge.NewPullRequest) (forge.PullRequest, error) {
	pull, err := m.Forge.Create(ctx, pr)
	return pull, m.after.dieAt(stepCreate, err)
}

// Update implements forge.Forge.
func (m mortalForge) Update(ctx context.Context, number int, change forge.Change) (forge.PullRequest, error) {
	pull, err := m.Forge.Update(ctx, number, change)
	return pull, m.after.dieAt(stepUpdate, err)
}
