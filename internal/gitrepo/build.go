package gitrepo

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// builder makes the blobs and trees of a commit. Only folders on the way to a change
// are read, so its cost doesn't depend on the size of the repository.
type builder struct {
	store   *store
	objects []plumbing.EncodedObject // what is new: children before their folders
	root    plumbing.Hash
}

// folder applies changes to the tree at base (zero: a new folder) and returns the
// new tree, and whether anything is left in it.
func (b *builder) folder(base plumbing.Hash, dir string, changes map[string]*change) (plumbing.Hash, bool, error) {
	entries := map[string]object.TreeEntry{}
	if !base.IsZero() {
		raw, err := b.store.tree(base)
		if err != nil {
			return plumbing.ZeroHash, false, err
		}
		for _, entry := range raw {
			if _, twice := entries[entry.Name]; twice || checkName(entry.Name) != nil {
				return plumbing.ZeroHash, false, &PathError{path.Join(dir, entry.Name), "its folder holds entries that Git forbids"}
			}
			entries[entry.Name] = entry
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		old, exists := entries[name]
		entry, keep, err := b.entry(path.Join(dir, name), old, exists, changes[name])
		if err != nil {
			return plumbing.ZeroHash, false, err
		}
		if delete(entries, name); keep {
			entry.Name = name
			entries[name] = entry
		}
	}
	tree := object.Tree{Entries: slices.Collect(maps.Values(entries))}
	sort.Sort(object.TreeEntrySorter(tree.Entries))
	encoded := &plumbing.MemoryObject{}
	if err := tree.Encode(encoded); err != nil {
		return plumbing.ZeroHash, false, fmt.Errorf("encoding folder %q: %w", dir, err)
	}
	if encoded.Hash() != base {
		b.objects = append(b.objects, encoded)
	}
	return encoded.Hash(), len(entries) > 0, nil
}

// entry applies one change to one name.
func (b *builder) entry(name string, old object.TreeEntry, exists bool, c *change) (object.TreeEntry, bool, error) {
	if exists {
		if reason := refusal(old.Mode, c); reason != "" {
			return old, false, &PathError{name, reason}
		}
	}
	switch {
	case c.delete && !exists:
		return old, false, &PathError{name, "it is to be deleted, but isn't there"}
	case c.delete:
		return old, false, nil
	case c.below != nil:
		if !exists && !c.writes() {
			return old, false, &PathError{name, "something below is to be deleted, but the folder isn't there"}
		}
		hash, keep, err := b.folder(old.Hash, name, c.below)
		return object.TreeEntry{Mode: filemode.Dir, Hash: hash}, keep, err
	}
	blob := &plumbing.MemoryObject{}
	blob.SetType(plumbing.BlobObject)
	if _, err := blob.Write(c.data); err != nil {
		return old, false, fmt.Errorf("encoding %q: %w", name, err)
	}
	mode := filemode.Regular
	if exists {
		mode = old.Mode
	}
	if !exists || blob.Hash() != old.Hash {
		b.objects = append(b.objects, blob)
	}
	return object.TreeEntry{Mode: mode, Hash: blob.Hash()}, true, nil
}

// writes tells whether a file is written somewhere below.
func (c *change) writes() bool {
	if c.write {
		return true
	}
	for _, below := range c.below {
		if below.writes() {
			return true
		}
	}
	return false
}

// refusal says why an entry of this mode can't take this change.
func refusal(mode filemode.FileMode, c *change) string {
	switch {
	case mode == filemode.Submodule:
		return "it is a submodule, or lies in one"
	case mode == filemode.Symlink && !c.delete:
		return "it is a symbolic link, or lies behind one"
	case mode == filemode.Dir && c.below == nil:
		return "it is a folder"
	case mode != filemode.Dir && c.below != nil:
		return "it lies below a file"
	}
	return ""
}
