package gitrepo

import (
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
)

const (
	maxPath  = 4096 // bytes, as Linux has it
	maxDepth = 512  // folders within each other
)

// bounded is a tree whose folders give up when they have listed too much: a folder
// that holds another ten times, ten levels deep, has ten thousand million files in a
// kilobyte.
type bounded struct {
	*tree
	left  *atomic.Int64
	limit int
}

func newBounded(t *tree, limit int) *bounded {
	left := &atomic.Int64{}
	left.Store(int64(limit))
	return &bounded{tree: t, left: left, limit: limit}
}

func (b *bounded) spend(op, name string, entries int) error {
	if b.left.Add(-int64(entries)) >= 0 {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: fmt.Errorf("more than %d entries were listed: %w", b.limit, ErrTooManyFiles)}
}

// Open implements fs.FS.
func (b *bounded) Open(name string) (fs.File, error) {
	file, err := b.tree.Open(name)
	if err != nil {
		return nil, err
	}
	if dir, ok := file.(*openDir); ok {
		if err := b.spend("open", name, len(dir.entries)); err != nil {
			return nil, err
		}
	}
	return file, nil
}

// ReadDir implements fs.ReadDirFS.
func (b *bounded) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := b.tree.ReadDir(name)
	if err != nil {
		return nil, err
	}
	if err := b.spend("readdir", name, len(entries)); err != nil {
		return nil, err
	}
	return entries, nil
}

// Sub implements fs.SubFS. The bound is on both together.
func (b *bounded) Sub(dir string) (fs.FS, error) {
	sub, err := b.tree.Sub(dir)
	if err != nil {
		return nil, err
	}
	below, ok := sub.(*tree)
	if !ok {
		return sub, nil
	}
	return &bounded{tree: below, left: b.left, limit: b.limit}, nil
}

// checkDepth refuses paths that no file system takes; to find one takes a step for
// each folder on the way.
func checkDepth(dir, name string) error {
	switch {
	case len(dir)+len(name) > maxPath:
		return fmt.Errorf("a path of more than %d bytes: %w", maxPath, ErrTooLarge)
	case strings.Count(dir, "/")+strings.Count(name, "/") > maxDepth:
		return fmt.Errorf("more than %d folders within each other: %w", maxDepth, ErrTooLarge)
	}
	return nil
}

// brief keeps a path of any length from filling an error.
func brief(name string) string {
	const keep = 60
	if len(name) <= 2*keep {
		return name
	}
	return strings.ToValidUTF8(name[:keep], "") + "…" + strings.ToValidUTF8(name[len(name)-keep:], "")
}
