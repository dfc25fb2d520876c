package bot

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/towline-dev/towline/internal/gitrepo"
)

// baseBranch is the branch that updates are made for.
func (w *worker) baseBranch() string { return cmp.Or(w.home.Config.BaseBranch, w.repo.Branch) }

// read is readOnce, and again where the mirror turned out to be damaged: fetching makes
// a new one then.
func (w *worker) read(ctx context.Context) (changed bool, err error) {
	changed, err = w.readOnce(ctx)
	if errors.Is(err, gitrepo.ErrDamaged) {
		changed, err = w.readOnce(ctx)
	}
	return changed, err
}

// readOnce fetches the branch, and the one that its configuration names as the base of
// updates, and reads what has moved. It tells whether anything has. The configuration
// is that of the branch; policies and manifests are those of the base.
func (w *worker) readOnce(ctx context.Context) (changed bool, err error) {
	head, err := w.repo.Source.Fetch(ctx, w.repo.Branch)
	if err != nil {
		return false, err
	}
	home := w.home
	if head != w.head {
		if home, err = w.at(head); err != nil {
			return false, err
		}
	}
	base, tree := head, home
	if name := home.Config.BaseBranch; name != "" && name != w.repo.Branch {
		if base, err = w.repo.Source.Fetch(ctx, name); err != nil {
			return false, err
		}
		if head != w.head || base != w.base {
			fsys, err := w.repo.Source.FS(base)
			if err != nil {
				return false, err
			}
			if tree, err = w.reader.ReadAs(fsys, home.Config); err != nil {
				return false, err
			}
		}
	}
	if head == w.head && base == w.base {
		return false, nil
	}
	w.head, w.base, w.home, w.tree = head, base, home, tree
	return true, nil
}

// at reads the tree of a commit.
func (w *worker) at(commit gitrepo.Hash) (*Tree, error) {
	fsys, err := w.repo.Source.FS(commit)
	if err != nil {
		return nil, err
	}
	return w.reader.Read(fsys)
}

// readBase reads a tree of the branch that updates are made for. What all updates share
// is said by the repository's own branch.
func (w *worker) readBase(files fs.FS) (*Tree, error) {
	if w.baseBranch() == w.repo.Branch {
		return w.reader.Read(files)
	}
	return w.reader.ReadAs(files, w.home.Config)
}
