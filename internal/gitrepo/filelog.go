package gitrepo

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// FileSearch asks for the last change of a file along first parents.
type FileSearch struct {
	File  string // slash path; symbolic links on the way aren't followed
	From  Hash   // the newest commit to look at
	Until Hash   // the commit at which the search ends without looking at it; may be empty
	Limit int    // how many commits to look at
}

// FileFound is where a search ended.
type FileFound struct {
	Change *FileChange // nil where none was found
	Looked int         // how many commits were looked at, that of Change included
	// Next is the first commit that wasn't looked at: a search can go on from there.
	// It is empty behind the first commit of the history.
	Next Hash
}

// FileChange is a commit that changed a file, as seen from its first parent: a merge
// has changed what it brought to the branch, whichever commits that was made of.
type FileChange struct {
	Commit CommitInfo
	// Before and After are the file's blobs, empty where there was no regular file.
	Before, After Hash
}

// LastChange looks for the newest commit, at From or before it, that changed a file's
// content. Only the folders on the way to the file are read, and of those only what
// differs from one commit to the next. Where the mirror's history ends first the
// error is ErrNotFetched: after a Deepen the search can go on from FileFound.Next.
func (r *Repo) LastChange(ctx context.Context, s FileSearch) (FileFound, error) {
	st := r.mirror.current()
	if st == nil {
		return FileFound{Next: s.From}, fmt.Errorf("looking for the last change of %q: %w", s.File, ErrNotFetched)
	}
	return st.lastChange(ctx, s)
}

func (s *store) lastChange(ctx context.Context, search FileSearch) (FileFound, error) {
	found := FileFound{Next: search.From}
	fail := func(err error) (FileFound, error) {
		return found, fmt.Errorf("looking for the last change of %q: %w", search.File, err)
	}
	w := fileWalk{store: s, parts: split(search.File)}
	at, err := w.version(search.From.plumbing(), nil)
	if err != nil {
		return fail(err)
	}
	for found.Looked < search.Limit && found.Next != search.Until {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		before, err := w.before(at)
		if err != nil {
			return fail(err)
		}
		found.Looked, found.Next = found.Looked+1, before.hash()
		if old, now := w.blob(before), w.blob(at); old != now {
			found.Change = &FileChange{Commit: infoOf(at.commit), Before: old, After: now}
			return found, nil
		}
		if found.Next == "" {
			return found, nil
		}
		at = before
	}
	return found, nil
}

// Blob reads the content of a file by the hash that FileChange or FileInfo.Sys gave.
func (r *Repo) Blob(blob Hash) ([]byte, error) {
	st := r.mirror.current()
	if st == nil {
		return nil, fmt.Errorf("reading blob %s: %w", blob, ErrNotFetched)
	}
	data, err := st.blob(blob.plumbing())
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", blob, err)
	}
	return data, nil
}

// fileWalk follows one file from commit to commit.
type fileWalk struct {
	store *store
	parts []string // of the file's path
}

// fileVersion is a file at one commit. The version before a first commit has none.
type fileVersion struct {
	commit *object.Commit
	// nodes are the hashes of the root, of the folders and of the file, as far as
	// they are there.
	nodes []plumbing.Hash
}

func (v fileVersion) hash() Hash {
	if v.commit == nil {
		return ""
	}
	return hashOf(v.commit.Hash)
}

// blob is empty where the file isn't there.
func (w fileWalk) blob(v fileVersion) Hash {
	if len(v.nodes) <= len(w.parts) {
		return ""
	}
	return hashOf(v.nodes[len(w.parts)])
}

// before gives the version at the first parent.
func (w fileWalk) before(v fileVersion) (fileVersion, error) {
	if len(v.commit.ParentHashes) == 0 {
		return fileVersion{}, nil
	}
	return w.version(v.commit.ParentHashes[0], v.nodes)
}

// version finds the file at a commit; known are the nodes of a version near to it.
func (w fileWalk) version(commit plumbing.Hash, known []plumbing.Hash) (fileVersion, error) {
	found, err := w.store.commit(commit)
	if err != nil {
		return fileVersion{}, err
	}
	v := fileVersion{commit: found, nodes: []plumbing.Hash{found.TreeHash}}
	for i, part := range w.parts {
		if i < len(known) && known[i] == v.nodes[i] { // the same folder: all below is known
			v.nodes = append(v.nodes, known[i+1:]...)
			return v, nil
		}
		entries, err := w.store.tree(v.nodes[i])
		if err != nil {
			return fileVersion{}, err
		}
		hash, ok := child(entries, part, i == len(w.parts)-1)
		if !ok {
			return v, nil
		}
		v.nodes = append(v.nodes, hash)
	}
	return v, nil
}

// child finds a folder, or the regular file that stands last on the way.
func child(entries []object.TreeEntry, name string, last bool) (plumbing.Hash, bool) {
	for _, entry := range entries {
		if entry.Name == name {
			file := entry.Mode.IsFile() && entry.Mode != filemode.Symlink
			return entry.Hash, last && file || !last && isTree(entry)
		}
	}
	return plumbing.ZeroHash, false
}
