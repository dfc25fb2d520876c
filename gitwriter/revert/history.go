package revert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo"
)

const (
	// firstDepth is how much history is fetched at first; each further step brings so many
	// times as much as the one before.
	firstDepth = 64
	moreDepth  = 8
	// maxDepth bounds how far back a rollback may go.
	maxDepth = 1 << 15
)

// since gives the commits that the branch has got since the good one, along first
// parents, newest first.
func (r *Reverter) since(ctx context.Context, branch string, head, good gitrepo.Hash) ([]gitrepo.CommitInfo, error) {
	for depth := firstDepth; depth <= maxDepth; depth *= moreDepth {
		log, err := r.log(ctx, branch, head, depth)
		if err != nil {
			return nil, err
		}
		for i, commit := range log {
			if commit.Hash == good {
				return log[:i], nil
			}
		}
		if len(log) < depth {
			break // the history begins here, or the remote has no more of it
		}
	}
	return nil, fmt.Errorf("commit %s is %w %q (hint: a history that was rewritten can't be rolled back; revert by hand)", good.Short(), ErrNotInHistory, branch)
}

// log gives so many commits of the branch; fewer only where the remote has no more.
func (r *Reverter) log(ctx context.Context, branch string, head gitrepo.Hash, depth int) ([]gitrepo.CommitInfo, error) {
	log, err := r.cfg.Repo.Log(head, depth)
	if err != nil || len(log) == depth || len(log) > 0 && len(log[len(log)-1].Parents) == 0 {
		return log, err
	}
	if _, err := r.cfg.Repo.Deepen(ctx, branch, depth); err != nil {
		return nil, err
	}
	return r.cfg.Repo.Log(head, depth)
}

// undone gives those of the commits that changed something below the folders.
func (r *Reverter) undone(log []gitrepo.CommitInfo, paths []string) ([]gitrepo.CommitInfo, error) {
	var touched []gitrepo.CommitInfo
	for _, commit := range log {
		if len(commit.Parents) == 0 {
			continue // behind the good one nothing begins
		}
		for _, folder := range paths {
			before, err := r.treeAt(commit.Parents[0], folder)
			if err != nil {
				return nil, err
			}
			after, err := r.treeAt(commit.Hash, folder)
			if err != nil {
				return nil, err
			}
			if before != after {
				touched = append(touched, commit)
				break
			}
		}
	}
	return touched, nil
}

// treeAt names what stands at a path of a commit; "" for nothing.
func (r *Reverter) treeAt(commit gitrepo.Hash, path string) (gitrepo.Hash, error) {
	if path == "." {
		info, err := r.cfg.Repo.CommitInfo(commit)
		return info.Tree, err
	}
	files, err := r.cfg.Repo.FS(commit)
	if err != nil {
		return "", err
	}
	info, err := fs.Stat(files, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	}
	hash, _ := info.Sys().(gitrepo.Hash)
	return hash, nil
}

// told gives the messages in which a commit of the branch may tell of updates: its own,
// and, of a merge, that of the commit that was merged.
func (r *Reverter) told(commit gitrepo.CommitInfo) []string {
	messages := []string{commit.Message}
	for _, parent := range commit.Parents[min(1, len(commit.Parents)):] {
		if merged, err := r.cfg.Repo.CommitInfo(parent); err == nil { // it may lie beyond what was fetched
			messages = append(messages, merged.Message)
		}
	}
	return messages
}

func subject(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return line
}
