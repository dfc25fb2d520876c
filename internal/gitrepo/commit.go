package gitrepo

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Signature says who made a commit and when; When keeps seconds and the zone.
type Signature struct {
	Name, Email string
	When        time.Time
}

// Commit describes a commit to build: the files of Base with some of them changed.
type Commit struct {
	// Base is the parent. Empty builds a first commit, without parent.
	Base Hash
	// Files are contents by slash path. A file that is there keeps its mode, a new
	// one becomes a regular file.
	Files map[string][]byte
	// Deletes are slash paths of files or symbolic links that go. Folders that
	// become empty go with them.
	Deletes []string
	// Message is the whole message, trailers included.
	Message string
	// Author and Committer are recorded as they are. The same Commit without a Signer
	// always has the same hash.
	Author, Committer Signature
	// Signer signs the commit. Default: none.
	Signer Signer
}

// Commit builds the commit's new blobs and trees in the mirror, and returns its
// hash. Nothing is sent; Push does that. A path that leaves the repository, lies in
// .git, or goes through a symbolic link, a submodule or a file is a *PathError.
// ErrNoChanges says that the files are already so.
func (r *Repo) Commit(c Commit) (Hash, error) {
	built, err := r.build(c)
	if err != nil {
		return "", fmt.Errorf("building a commit on %q: %w", c.Base.Short(), err)
	}
	commit := &object.Commit{
		Author:    object.Signature(c.Author),
		Committer: object.Signature(c.Committer),
		Message:   c.Message,
		TreeHash:  built.root,
	}
	if c.Base != "" {
		commit.ParentHashes = []plumbing.Hash{c.Base.plumbing()}
	}
	if err := errors.Join(checkSignature(c.Author), checkSignature(c.Committer), sign(commit, c.Signer)); err != nil {
		return "", fmt.Errorf("building a commit on %q: %w", c.Base.Short(), err)
	}
	encoded := &plumbing.MemoryObject{}
	if err := commit.Encode(encoded); err != nil {
		return "", fmt.Errorf("building a commit on %q: %w", c.Base.Short(), err)
	}
	// The commit comes last: where it is, all below it is.
	if err := built.store.put(append(built.objects, encoded)); err != nil {
		return "", fmt.Errorf("building a commit on %q: %w", c.Base.Short(), err)
	}
	hash := hashOf(encoded.Hash())
	r.mu.Lock()
	r.made[hash] = c.Base
	r.mu.Unlock()
	return hash, nil
}

// Tree tells which tree Commit would record, and writes nothing: for comparing with
// a commit that is already there. ErrNoChanges comes with the base's tree.
func (r *Repo) Tree(c Commit) (Hash, error) {
	built, err := r.build(c)
	if err != nil && !errors.Is(err, ErrNoChanges) {
		return "", fmt.Errorf("computing a tree on %q: %w", c.Base.Short(), err)
	}
	return hashOf(built.root), err
}

// checkSignature keeps a name from forging further header lines.
func checkSignature(s Signature) error {
	if s.Name == "" || s.Email == "" || strings.ContainsAny(s.Name+s.Email, "<>\n\r\x00") {
		return fmt.Errorf("%q <%q> isn't a name and an address that a commit can record", s.Name, s.Email)
	}
	return nil
}

func (r *Repo) build(c Commit) (*builder, error) {
	b := &builder{store: r.mirror.current()}
	if b.store == nil && c.Base == "" {
		fresh, err := r.mirror.start()
		if err != nil {
			return b, err
		}
		b.store = fresh
	}
	if b.store == nil {
		return b, ErrNotFetched
	}
	var base plumbing.Hash
	if c.Base != "" {
		parent, err := b.store.commit(c.Base.plumbing())
		if err != nil {
			return b, err
		}
		base = parent.TreeHash
	}
	changes, err := newChanges(c)
	if err != nil {
		return b, err
	}
	root, _, err := b.folder(base, "", changes)
	if err != nil {
		return b, err
	}
	b.root = root
	if root == base || len(changes) == 0 {
		return b, ErrNoChanges
	}
	return b, nil
}

// PathError says which path can't be written, and why.
type PathError struct{ Path, Reason string }

// Error gives path and reason.
func (e *PathError) Error() string { return fmt.Sprintf("refusing to write %q: %s", e.Path, e.Reason) }

// change is what happens to one name in a folder: either a file's content, a
// deletion, or changes below.
type change struct {
	data   []byte
	write  bool
	delete bool
	below  map[string]*change
}

// newChanges turns paths into a tree of names and refuses the ones that Git, another
// system's file names, or common sense forbid.
func newChanges(c Commit) (map[string]*change, error) {
	root := &change{below: map[string]*change{}}
	add := func(path string, leaf change) error {
		if !fs.ValidPath(path) || path == "." {
			return &PathError{path, "it isn't a path inside the repository"}
		}
		at := root
		parts := strings.Split(path, "/")
		for i, part := range parts {
			if isGitDir(part) || strings.ContainsAny(part, "\x00\\") {
				return &PathError{path, fmt.Sprintf("%q isn't a name that a repository may hold", part)}
			}
			next, ok := at.below[part]
			last := i == len(parts)-1
			if ok && (last || next.below == nil) {
				return &PathError{path, "another change is made to the same path, or to a folder of it"}
			}
			if !ok {
				next = &change{}
				if last {
					*next = leaf
				} else {
					next.below = map[string]*change{}
				}
				at.below[part] = next
			}
			at = next
		}
		return nil
	}
	for path, data := range c.Files {
		if err := add(path, change{data: data, write: true}); err != nil {
			return nil, err
		}
	}
	for _, path := range c.Deletes {
		if err := add(path, change{delete: true}); err != nil {
			return nil, err
		}
	}
	return root.below, nil
}
