package gitrepo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

const (
	cacheBytes     = 32 * cache.MiByte
	maxTreeBytes   = 16 << 20 // some 400,000 entries of one folder
	maxCommitBytes = 16 << 20 // its message
)

// store is one generation of a mirror. go-git's storage isn't safe for concurrent
// use (its pack readers have a position), hence the lock around each call.
type store struct {
	dir          string
	maxFileBytes int64
	disk         disk

	// broken is set by the first read that finds damage; the next fetch then starts
	// a new generation. Other processes learn of it by damageFile.
	broken atomic.Bool

	large   largeTrees
	folders folders

	mu      sync.Mutex
	storage *filesystem.Storage
	changed time.Time // when the packs' folder had changed, as of the index in memory
	packs   int       // how many it held
}

func openStore(dir string, maxFileBytes int64, d disk) (*store, error) {
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		return nil, fmt.Errorf("opening the mirror: %w", err)
	}
	return &store{
		dir:          dir,
		maxFileBytes: maxFileBytes,
		disk:         d,
		storage: filesystem.NewStorageWithOptions(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRU(cacheBytes), filesystem.Options{
			KeepDescriptors: true,
		}),
	}, nil
}

// createStore makes an empty bare repository, as far as Git asks for one.
func createStore(dir string, maxFileBytes int64, d disk) (*store, error) {
	for _, name := range []string{"", "objects", "objects/pack", "refs"} {
		if err := d.mkdir(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	for _, file := range []struct{ name, text string }{
		{"config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"},
		{"HEAD", "ref: refs/heads/main\n"},
	} {
		if err := d.replace(filepath.Join(dir, file.name), []byte(file.text)); err != nil {
			return nil, err
		}
	}
	return openStore(dir, maxFileBytes, d)
}

// packDir is where other processes' fetches show.
func (s *store) packDir() string { return filepath.Join(s.dir, "objects", "pack") }

// get reads an object. An object that isn't there is ErrNotFetched; anything else
// that goes wrong means damage. Callers hold s.mu.
func (s *store) get(kind plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	found, err := s.storage.EncodedObject(plumbing.AnyObject, h)
	if err != nil && s.reindex() {
		found, err = s.storage.EncodedObject(plumbing.AnyObject, h)
	}
	listed := err != nil && s.storage.HasEncodedObject(h) == nil // go-git calls some damage "not found"
	switch {
	case errors.Is(err, plumbing.ErrObjectNotFound) && !listed:
		return nil, fmt.Errorf("%s %s: %w", kind, h, ErrNotFetched)
	case err != nil:
		return nil, s.damage(kind, h, fmt.Errorf("%w (in an index: %t)", err, listed))
	}
	return found, nil
}

// reindex looks for packs of other processes and tells whether there may be some. The
// folder's time alone doesn't show two that came within one tick of the clock, nor the
// number alone a folder that was made anew.
func (s *store) reindex() bool {
	info, err := os.Stat(s.packDir())
	if err != nil {
		return false
	}
	packs, err := begun(s.packDir(), ".pack")
	if err != nil || info.ModTime().Equal(s.changed) && len(packs) == s.packs {
		return false
	}
	s.changed, s.packs = info.ModTime(), len(packs)
	s.storage.Reindex()
	return true
}

// size gives an object's size without reading it whole.
func (s *store) size(h plumbing.Hash) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.storage.EncodedObjectSize(h)
	if err != nil && s.reindex() {
		n, err = s.storage.EncodedObjectSize(h)
	}
	if err != nil {
		return 0, s.damage(plumbing.AnyObject, h, err)
	}
	return n, nil
}

// blob reads a file's content.
func (s *store) blob(h plumbing.Hash) ([]byte, error) {
	return s.read(plumbing.BlobObject, h, s.maxFileBytes)
}

// read reads an object, and proves that it is what its name says: go-git doesn't, and
// a damaged pack must not reach a manifest. One of more than most bytes is ErrTooLarge;
// in a pack, where such may be, it isn't read for that. Only a commit may be missing.
func (s *store) read(kind plumbing.ObjectType, h plumbing.Hash, most int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.get(kind, h)
	if err != nil {
		if errors.Is(err, ErrNotFetched) && kind != plumbing.CommitObject {
			return nil, s.damage(kind, h, err)
		}
		return nil, err
	}
	if n := found.Size(); n > most {
		return nil, fmt.Errorf("%d bytes where %d are allowed: %w", n, most, ErrTooLarge)
	}
	reader, err := found.Reader()
	if err != nil {
		return nil, s.damage(kind, h, err)
	}
	data, err := io.ReadAll(io.LimitReader(reader, found.Size()+1))
	if err = errors.Join(err, reader.Close()); err != nil {
		return nil, s.damage(kind, h, err)
	}
	switch {
	case plumbing.ComputeHash(found.Type(), data) != h:
		return nil, s.damage(kind, h, errors.New("the content doesn't match its hash"))
	case found.Type() != kind: // so the repository has it
		return nil, fmt.Errorf("%s is a %s where a %s is named", h, found.Type(), kind)
	}
	return data, nil
}

// tree reads a folder's entries. A tree that is missing although its commit is there
// is damage; one that can't be parsed is what the repository holds.
// The entries must not be changed.
func (s *store) tree(h plumbing.Hash) ([]object.TreeEntry, error) {
	if known := s.largeTree(h); known != nil {
		return known, nil
	}
	data, err := s.read(plumbing.TreeObject, h, maxTreeBytes)
	if errors.Is(err, ErrTooLarge) {
		return nil, fmt.Errorf("a folder's record: %w", err)
	}
	if err != nil {
		return nil, err
	}
	var tree object.Tree
	if err := tree.Decode(encoded(plumbing.TreeObject, data)); err != nil {
		return nil, fmt.Errorf("the folder's record %s is malformed: %w", h, err)
	}
	s.keepTree(h, tree.Entries)
	return tree.Entries, nil
}

// manyEntries is from how many entries on a folder costs milliseconds to read.
const manyEntries = 5000

// largeTrees are the last two large folders, that of a commit and of the one before: who
// looks for many files of one folder would read it for each of them.
type largeTrees struct {
	mu      sync.Mutex
	hashes  [2]plumbing.Hash
	entries [2][]object.TreeEntry
}

func (s *store) largeTree(h plumbing.Hash) []object.TreeEntry {
	s.large.mu.Lock()
	defer s.large.mu.Unlock()
	for i, known := range s.large.hashes {
		if known == h {
			return s.large.entries[i]
		}
	}
	return nil
}

func (s *store) keepTree(h plumbing.Hash, entries []object.TreeEntry) {
	if len(entries) < manyEntries {
		return
	}
	s.large.mu.Lock()
	defer s.large.mu.Unlock()
	s.large.hashes[1], s.large.entries[1] = s.large.hashes[0], s.large.entries[0]
	s.large.hashes[0], s.large.entries[0] = h, entries
}

// commit reads a commit.
func (s *store) commit(h plumbing.Hash) (*object.Commit, error) {
	data, err := s.read(plumbing.CommitObject, h, maxCommitBytes)
	if err != nil {
		return nil, err
	}
	commit := &object.Commit{}
	if err := commit.Decode(encoded(plumbing.CommitObject, data)); err != nil {
		return nil, fmt.Errorf("the record of commit %s is malformed: %w", h, err)
	}
	return commit, nil
}

func encoded(kind plumbing.ObjectType, data []byte) plumbing.EncodedObject {
	o := &plumbing.MemoryObject{}
	o.SetType(kind)
	_, _ = o.Write(data) // memory takes everything
	return o
}

// complete tells whether a commit and its root are there; what is below came with
// them, in one pack or written before them.
func (s *store) complete(h Hash) bool { return s.check(h) == nil }

func (s *store) check(h Hash) error {
	commit, err := s.commit(h.plumbing())
	if err == nil {
		_, err = s.tree(commit.TreeHash)
	}
	return err
}
