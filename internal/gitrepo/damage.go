package gitrepo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/go-git/go-git/v5/plumbing"
)

// damageFile in a generation says that a reader found it damaged.
const damageFile = "damaged"

// Damaged tells whether a reader has found the mirror damaged since it was made. The
// next Fetch makes a new one then, whether the branch has moved or not.
func (r *Repo) Damaged() bool {
	st := r.mirror.current()
	return st != nil && st.damaged()
}

// damage gives the error of a read that went wrong. Where that is the generation's
// fault it is condemned; files that the remote left out, and the system's troubles,
// are not.
func (s *store) damage(kind plumbing.ObjectType, h plumbing.Hash, err error) error {
	missing := errors.Is(err, ErrNotFetched) || errors.Is(err, plumbing.ErrObjectNotFound)
	if missing && s.absent(h) { // they are few, and read seldom
		return fmt.Errorf("more than %d bytes, so it wasn't fetched: %w", s.maxFileBytes, ErrTooLarge)
	}
	op := fmt.Sprintf("reading %s %s from the mirror", kind, h)
	s.storage.Reindex() // go-git takes an index that it read in part for the whole
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || diskKind(err) != nil {
		return &localError{op, err}
	}
	s.condemn()
	return &localError{op + " (the next fetch makes a new one)", fmt.Errorf("%w: %w", ErrDamaged, err)}
}

// absent tells whether an object was left out on purpose.
func (s *store) absent(h plumbing.Hash) bool {
	known, err := s.state()
	return err == nil && slices.Contains(known.Absent, hashOf(h))
}

// condemn has the next fetch make a new generation, in whichever process that is.
func (s *store) condemn() {
	if s.broken.Swap(true) {
		return
	}
	// Where the file can't be made, this process knows, and another finds the damage
	// by itself.
	_ = s.disk.replace(filepath.Join(s.dir, damageFile), nil)
}

func (s *store) damaged() bool {
	if s.broken.Load() {
		return true
	}
	_, err := os.Stat(filepath.Join(s.dir, damageFile))
	return err == nil
}

// lost finds a file that is missing here among those of the commits that a remote was
// told we have: it left that one out because of that, and not for its size. The hashes of
// missing are sorted.
func (s *store) lost(missing []Hash, haves []plumbing.Hash) (Hash, error) {
	seen := map[plumbing.Hash]bool{}
	var trees []plumbing.Hash
	for _, have := range haves {
		commit, err := s.commit(have)
		if err != nil {
			return "", err
		}
		trees = append(trees, commit.TreeHash)
	}
	for len(trees) > 0 {
		last := trees[len(trees)-1]
		trees = trees[:len(trees)-1]
		if seen[last] {
			continue
		}
		seen[last] = true
		entries, err := s.tree(last)
		if err != nil {
			return "", err
		}
		for _, entry := range entries {
			if isTree(entry) {
				trees = append(trees, entry.Hash)
			} else if _, found := slices.BinarySearch(missing, hashOf(entry.Hash)); found {
				return hashOf(entry.Hash), nil
			}
		}
	}
	return "", nil
}
