package gitrepo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
)

// manyNames is from how many objects on reading the packs' indices is cheaper than
// asking go-git for each: it tries to open a loose object first.
const manyNames = 1000

// unpacked gives those of the objects that are in no pack. The indices are read anew,
// with their checksums.
func (s *store) unpacked(names map[plumbing.Hash]plumbing.ObjectType) (map[plumbing.Hash]plumbing.ObjectType, error) {
	if len(names) < manyNames {
		return names, nil
	}
	entries, err := os.ReadDir(s.packDir())
	if err != nil {
		return nil, &localError{"listing packs", err}
	}
	left := make(map[plumbing.Hash]plumbing.ObjectType)
	var indices []*idxfile.MemoryIndex
	for _, entry := range entries {
		base, pack := strings.CutSuffix(entry.Name(), ".pack")
		if !pack {
			continue
		}
		index, err := readIndex(filepath.Join(s.packDir(), base+".idx"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing reads such a pack
		}
		if err != nil {
			return nil, s.damage(plumbing.AnyObject, plumbing.ZeroHash, err)
		}
		indices = append(indices, index)
	}
	for h, kind := range names {
		if !inOneOf(indices, h) {
			left[h] = kind
		}
	}
	return left, nil
}

func inOneOf(indices []*idxfile.MemoryIndex, h plumbing.Hash) bool {
	for _, index := range indices {
		if ok, err := index.Contains(h); ok && err == nil {
			return true
		}
	}
	return false
}

func readIndex(name string) (*idxfile.MemoryIndex, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	index := idxfile.NewMemoryIndex()
	err = idxfile.NewDecoder(f).Decode(index)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading index %q: %w", filepath.Base(name), err)
	}
	return index, nil
}
