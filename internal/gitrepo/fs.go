package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const (
	maxLinks      = 40   // as Linux has it
	maxLinkTarget = 4096 // bytes; what is longer isn't a path
)

// FS gives the files of a commit that Fetch or Commit put into the mirror. It reads
// folders and files when asked for them, and is safe for concurrent use.
//
// Open, Stat, ReadFile and ReadDir follow symbolic links, inside the repository only:
// one that leads out gives an error that is ErrOutside. ReadDir's entries and Lstat
// describe the links themselves. A submodule is an empty folder. FileInfo.Sys is the
// Hash of the blob, tree or submodule commit. Names that io/fs can't express
// (invalid UTF-8) are left out; names with which a repository attacks its readers
// (".." and the like) make their folder unreadable.
func (r *Repo) FS(commit Hash) (fs.FS, error) {
	st := r.mirror.current()
	if st == nil {
		return nil, fmt.Errorf("reading commit %s: %w", commit, ErrNotFetched)
	}
	info, err := st.commit(commit.plumbing())
	if err != nil {
		return nil, fmt.Errorf("reading commit %s: %w", commit, err)
	}
	root := node{name: ".", hash: info.TreeHash, mode: filemode.Dir}
	whole := &tree{snapshot: &snapshot{store: st, root: root}, dir: "."}
	return newBounded(whole, r.cfg.MaxFiles), nil
}

// snapshot is the tree of one commit.
type snapshot struct {
	store *store
	root  node
}

// folder is the entries of a folder, sorted by name.
type folder []node

// find gives the entry of a name.
func (f folder) find(name string) (node, bool) {
	i, ok := slices.BinarySearchFunc(f, name, func(n node, name string) int { return strings.Compare(n.name, name) })
	if !ok {
		return node{}, false
	}
	return f[i], true
}

// node is one entry of a tree.
type node struct {
	name string
	hash plumbing.Hash
	mode filemode.FileMode
}

func (s *snapshot) folder(n node) (folder, error) {
	if n.mode == filemode.Submodule {
		return nil, nil
	}
	if known, ok := s.store.folders.get(n.hash); ok {
		return known, nil
	}
	raw, err := s.store.tree(n.hash)
	if err != nil {
		return nil, err
	}
	read, err := newFolder(raw)
	if err != nil {
		return nil, err
	}
	s.store.folders.keep(n.hash, read)
	return read, nil
}

func newFolder(raw []object.TreeEntry) (folder, error) {
	f := make(folder, 0, len(raw))
	for _, entry := range raw {
		if err := checkName(entry.Name); err != nil {
			return nil, err
		}
		if utf8.ValidString(entry.Name) {
			f = append(f, node{name: entry.Name, hash: entry.Hash, mode: entry.Mode})
		}
	}
	// Git sorts a folder as if its name ended in a slash.
	slices.SortFunc(f, func(a, b node) int { return strings.Compare(a.name, b.name) })
	for i := range f[:max(0, len(f)-1)] {
		if f[i].name == f[i+1].name {
			return nil, fmt.Errorf("the folder holds two entries named %q", f[i].name)
		}
	}
	return f, nil
}

// checkName refuses what no honest Git client records.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.Contains(name, "/") || isGitDir(name) {
		return fmt.Errorf("the folder holds an entry named %q, which Git forbids", name)
	}
	return nil
}

// isGitDir also knows the spellings that Windows and macOS take for .git.
func isGitDir(name string) bool {
	trimmed := strings.TrimRight(name, ". ")
	return strings.EqualFold(trimmed, ".git") || strings.EqualFold(trimmed, "git~1")
}

// walk finds a path, which fs.ValidPath allows. Links on the way are followed, the
// last one only where follow says so. It returns the node's real path too.
func (s *snapshot) walk(name string, follow bool) (node, string, error) {
	links := 0
	at, resolved := s.root, "."
	rest := split(name)
	var above []node // the folders from the root to at
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		if part == ".." {
			if len(above) == 0 {
				return node{}, "", ErrOutside
			}
			at, above, resolved = above[len(above)-1], above[:len(above)-1], path.Dir(resolved)
			continue
		}
		if at.mode != filemode.Dir && at.mode != filemode.Submodule {
			return node{}, "", errNotFolder
		}
		f, err := s.folder(at)
		if err != nil {
			return node{}, "", err
		}
		next, ok := f.find(part)
		if !ok {
			return node{}, "", fs.ErrNotExist
		}
		if next.mode == filemode.Symlink && (follow || len(rest) > 0) {
			if links++; links > maxLinks {
				return node{}, "", errors.New("too many symbolic links")
			}
			target, err := s.link(next)
			if err != nil {
				return node{}, "", err
			}
			rest = append(split(target), rest...)
			continue
		}
		above, at, resolved = append(above, at), next, path.Join(resolved, part)
	}
	return at, resolved, nil
}

var errNotFolder = errors.New("not a directory")

// link reads where a symbolic link leads.
func (s *snapshot) link(n node) (string, error) {
	size, err := s.store.size(n.hash)
	if err != nil {
		return "", err
	}
	if size > maxLinkTarget {
		return "", fmt.Errorf("a symbolic link of %d bytes: %w", size, ErrTooLarge)
	}
	target, err := s.store.blob(n.hash)
	if err != nil {
		return "", err
	}
	if path.IsAbs(string(target)) || bytes.IndexByte(target, 0) >= 0 || len(target) == 0 {
		return "", fmt.Errorf("the symbolic link to %q: %w", target, ErrOutside)
	}
	return string(target), nil
}

// split gives the parts of a path, without those that say nothing.
func split(name string) []string {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return parts
}
