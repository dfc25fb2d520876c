package gitrepo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/towline-dev/towline/internal/gitrepo/packfile"
)

const (
	// maxPacks bounds a generation: every fetch that brings something adds a pack, and
	// starting again with one pack is cheaper to get right than repacking in place.
	maxPacks = 200
	// maxLoose bounds the objects of commits that were built here, pushed or not. Like
	// git gc it looks into one of the 256 folders.
	maxLoose = 64 * 256
	// maxHeld is the memory for objects that are made of deltas, in bytes. Only files
	// that the remote keeps as deltas come near to it.
	maxHeld = 256 << 20
	// maxAbsent bounds how many files may be left out for their size.
	maxAbsent = 10_000

	packPrefix = "tmp_pack_"
)

// addPack stores what a fetch brings, and gives the files that are missing in it: with
// a filter those that were left out. The pack and its index are written beside their
// final places, synced, and renamed, so that a crash leaves nothing that is half a
// pack; the index comes first, since a pack without one can't be read. The store stays
// readable while the network delivers.
func (s *store) addPack(ctx context.Context, pack io.Reader, limits packfile.Limits) ([]Hash, error) {
	f, err := s.disk.create(s.packDir(), packPrefix)
	if err != nil {
		return nil, &localError{"storing a pack in the mirror", err}
	}
	got, err := packfile.Receive(ctx, pack, f, limits)
	if err != nil {
		err = storeError(f, err)
		return nil, errors.Join(err, f.discard())
	}
	missing, err := s.missing(got)
	if err != nil || got.Len() == 0 {
		return missing, errors.Join(err, f.discard())
	}
	if err := s.keepPack(f, got); err != nil {
		return nil, &localError{"storing a pack in the mirror", err}
	}
	return missing, nil
}

func (s *store) keepPack(f *diskFile, pack *packfile.Pack) error {
	base := filepath.Join(s.packDir(), "pack-"+pack.Checksum.String())
	index, err := s.disk.create(s.packDir(), packPrefix)
	if err != nil {
		return errors.Join(err, f.discard())
	}
	buffered := bufio.NewWriter(index)
	if err := errors.Join(pack.WriteIndex(buffered), buffered.Flush()); err != nil {
		return errors.Join(err, index.discard(), f.discard())
	}
	if err := index.become(base+".idx", true); err != nil {
		return errors.Join(err, f.discard())
	}
	if err := f.become(base+".pack", true); err != nil {
		return err
	}
	if err := s.disk.syncDir(s.packDir()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reindex()
	return nil
}

// storeError tells trouble with the file from trouble with what comes.
func storeError(f *diskFile, err error) error {
	var path *os.PathError
	if errors.As(err, &path) && path.Path == f.Name() {
		return &localError{"storing a pack in the mirror", err}
	}
	return err
}

// missing gives the files that the pack's trees name and that are nowhere, sorted. A
// tree that is nowhere can't be left out.
func (s *store) missing(pack *packfile.Pack) ([]Hash, error) {
	known, err := s.state()
	if err != nil {
		return nil, err
	}
	names, err := s.unpacked(pack.Names)
	if err != nil {
		return nil, err
	}
	var missing []Hash
	s.mu.Lock()
	defer s.mu.Unlock()
	for h, kind := range names {
		err := s.storage.HasEncodedObject(h)
		if err == nil || slices.Contains(known.Absent, hashOf(h)) {
			continue
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return nil, s.damage(kind, h, err)
		}
		if kind == plumbing.TreeObject {
			return nil, fmt.Errorf("the remote sent a pack without tree %s, which it needs", h)
		}
		missing = append(missing, hashOf(h))
	}
	slices.Sort(missing)
	return missing, nil
}

// sweep removes the packs that a crash left half-written. Call it with the mirror's
// lock: nobody else is writing a pack then.
func (s *store) sweep() error {
	left, err := begun(s.packDir(), packPrefix)
	if err != nil {
		return &localError{"listing half-written packs", err}
	}
	marks, err := begun(s.dir, tempMark)
	if err != nil {
		return &localError{"listing half-written files", err}
	}
	for _, name := range append(left, marks...) {
		if err := s.disk.remove(name); err != nil {
			return &localError{"removing a half-written file", err}
		}
	}
	if err := s.sweepLoose(); err != nil {
		return &localError{"removing half-written objects", err}
	}
	return nil
}

// begun lists the files of a folder whose names hold mark; a folder that is gone has none.
func begun(dir, mark string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		if strings.Contains(entry.Name(), mark) {
			found = append(found, filepath.Join(dir, entry.Name()))
		}
	}
	return found, nil
}

// full tells whether enough packs or objects have piled up to start again.
func (s *store) full() bool {
	packs, err := os.ReadDir(s.packDir())
	if err == nil && len(packs) > 2*maxPacks {
		return true
	}
	loose, err := os.ReadDir(filepath.Join(s.dir, "objects", "17"))
	return err == nil && len(loose) > maxLoose/256
}
