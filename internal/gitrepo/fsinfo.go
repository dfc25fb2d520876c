package gitrepo

import (
	"io/fs"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// fileInfo describes a node. Git records no times, so ModTime is zero.
type fileInfo struct {
	node
	size int64
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return modeOf(i.mode) }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i fileInfo) Sys() any           { return hashOf(i.hash) }

// info looks up the size of a file. That of a folder is 0.
func (s *snapshot) info(n node) (fs.FileInfo, error) {
	if modeOf(n.mode).IsDir() {
		return fileInfo{node: n}, nil
	}
	size, err := s.store.size(n.hash)
	if err != nil {
		return nil, err
	}
	return fileInfo{node: n, size: size}, nil
}

func modeOf(mode filemode.FileMode) fs.FileMode {
	switch mode {
	case filemode.Dir, filemode.Submodule:
		return fs.ModeDir | 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Executable:
		return 0o755
	}
	return 0o644
}

// dirEntry is an entry as ReadDir lists it; its size is looked up when asked for.
type dirEntry struct {
	snapshot *snapshot
	node     node
}

func (e dirEntry) Name() string               { return e.node.name }
func (e dirEntry) IsDir() bool                { return modeOf(e.node.mode).IsDir() }
func (e dirEntry) Type() fs.FileMode          { return modeOf(e.node.mode).Type() }
func (e dirEntry) Info() (fs.FileInfo, error) { return e.snapshot.info(e.node) }
func (e dirEntry) String() string             { return fs.FormatDirEntry(e) }

// entries gives a folder as io/fs has it.
func (s *snapshot) entries(f folder) []fs.DirEntry {
	entries := make([]fs.DirEntry, len(f))
	for i, n := range f {
		entries[i] = dirEntry{s, n}
	}
	return entries
}

// EntryHash gives the Hash of what an entry of a folder stands for: a blob, a tree or a
// submodule's commit. It is what FileInfo.Sys has, without looking up the size. False
// means that the entry isn't one of Repo.FS's.
func EntryHash(entry fs.DirEntry) (Hash, bool) {
	e, ok := entry.(dirEntry)
	return hashOf(e.node.hash), ok
}
