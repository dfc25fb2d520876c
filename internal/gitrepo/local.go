package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Local is a person's own repository on disk, of which the history is read. Nothing of
// it is ever changed, and nothing fetched.
type Local struct {
	store *store
	head  Hash
}

// OpenLocal opens the repository whose .git, a folder or the file of a linked work tree,
// is in dir. Close lets go of it. Where there is no commit yet the error is
// ErrNotFetched.
func OpenLocal(dir string, maxFileBytes int64) (*Local, error) {
	own, common, err := gitDirs(filepath.Join(dir, ".git"))
	if err != nil {
		return nil, fmt.Errorf("opening the repository in %q: %w", dir, err)
	}
	readOnly := disk{ask: func(string, string) error { return fs.ErrPermission }}
	st, err := openStore(common, maxFileBytes, readOnly)
	if err != nil {
		return nil, fmt.Errorf("opening the repository in %q: %w", dir, err)
	}
	l := &Local{store: st}
	if l.head, err = l.readHead(own); err != nil {
		return nil, errors.Join(fmt.Errorf("finding the head of the repository in %q: %w", dir, err), l.Close())
	}
	return l, nil
}

// gitDirs gives the folder of a work tree's own records, and the one that all work trees
// of the repository share.
func gitDirs(dotGit string) (own, common string, err error) {
	info, err := os.Stat(dotGit)
	if err != nil {
		return "", "", err
	}
	own = dotGit
	if !info.IsDir() {
		text, err := readLine(dotGit)
		if err != nil {
			return "", "", err
		}
		target, ok := strings.CutPrefix(text, "gitdir: ")
		if !ok {
			return "", "", fmt.Errorf("%s names no folder", dotGit)
		}
		own = from(filepath.Dir(dotGit), target)
	}
	switch text, err := readLine(filepath.Join(own, "commondir")); {
	case errors.Is(err, fs.ErrNotExist):
		return own, own, nil
	case err != nil:
		return "", "", err
	default:
		return own, from(own, text), nil
	}
}

func from(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// readLine reads one of Git's small files.
func readLine(name string) (string, error) {
	const most = 4096 // as long as a path may be
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular() || info.Size() > most:
		return "", fmt.Errorf("%s is no file of Git's", name)
	}
	data, err := os.ReadFile(name)
	return strings.TrimSpace(string(data)), err
}

func (l *Local) readHead(own string) (Hash, error) {
	text, err := readLine(filepath.Join(own, "HEAD"))
	if err != nil {
		return "", err
	}
	name, symbolic := strings.CutPrefix(text, "ref: ")
	if !symbolic {
		return hashOf(plumbing.NewHash(text)), nil
	}
	ref, err := l.store.storage.Reference(plumbing.ReferenceName(name))
	switch {
	case errors.Is(err, plumbing.ErrReferenceNotFound):
		return "", fmt.Errorf("%s: %w", name, ErrNotFetched)
	case err != nil:
		return "", err
	}
	return hashOf(ref.Hash()), nil
}

// Close lets go of the repository's files.
func (l *Local) Close() error { return l.store.storage.Close() }

// Head is the commit that the work tree stands on.
func (l *Local) Head() Hash { return l.head }

// LastChange is Repo.LastChange.
func (l *Local) LastChange(ctx context.Context, s FileSearch) (FileFound, error) {
	return l.store.lastChange(ctx, s)
}

// Blob is Repo.Blob.
func (l *Local) Blob(blob Hash) ([]byte, error) {
	data, err := l.store.blob(blob.plumbing())
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", blob, err)
	}
	return data, nil
}

// CommitInfo is Repo.CommitInfo.
func (l *Local) CommitInfo(commit Hash) (CommitInfo, error) {
	found, err := l.store.commit(commit.plumbing())
	if err != nil {
		return CommitInfo{}, fmt.Errorf("reading commit %s: %w", commit, err)
	}
	return infoOf(found), nil
}

// Deepen fetches nothing: the history is what it is, and a shallow one ends early.
func (l *Local) Deepen(context.Context, string, int) (Hash, error) { return l.head, nil }
