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
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

const (
	cacheBytes   = 32 * cache.MiByte
	maxTreeBytes = 64 << 20
)

// store is one generation of a mirror. go-git's storage isn't safe for concurrent
// use (its pack readers have a position), hence the lock around each call.
type store struct {
	dir          string
	maxFileBytes int64

	// broken is set by the first read that finds damage; the next fetch then starts
	// a new generation.
	broken atomic.Bool

	mu      sync.Mutex
	storage *filesystem.Storage
	packs   time.Time // when the packs' folder had changed, as of the index in memory
}

func openStore(dir string, maxFileBytes int64) (*store, error) {
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		return nil, fmt.Errorf("opening the mirror: %w", err)
	}
	return &store{
		dir:          dir,
		maxFileBytes: maxFileBytes,
		storage: filesystem.NewStorageWithOptions(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRU(cacheBytes), filesystem.Options{
			KeepDescriptors: true,
		}),
	}, nil
}

func createStore(dir string, maxFileBytes int64) (*store, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	storage := filesystem.NewStorage(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRU(0))
	if _, err := git.Init(storage, nil); err != nil {
		return nil, err
	}
	return openStore(dir, maxFileBytes)
}

// packDir is where other processes' fetches show.
func (s *store) packDir() string { return filepath.Join(s.dir, "objects", "pack") }

// get reads an object. An object that isn't there is ErrNotFetched; anything else
// that goes wrong means damage. Callers hold s.mu.
func (s *store) get(kind plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	found, err := s.storage.EncodedObject(kind, h)
	if errors.Is(err, plumbing.ErrObjectNotFound) && s.reindex() {
		found, err = s.storage.EncodedObject(kind, h)
	}
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, fmt.Errorf("%s %s: %w", kind, h, ErrNotFetched)
	}
	if err != nil {
		return nil, s.damage(kind, h, err)
	}
	return found, nil
}

func (s *store) damage(kind plumbing.ObjectType, h plumbing.Hash, err error) error {
	s.broken.Store(true)
	return &localError{fmt.Sprintf("reading %s %s from the mirror (the next fetch makes a new one)", kind, h), err}
}

// reindex looks for packs of other processes and tells whether there may be some.
func (s *store) reindex() bool {
	info, err := os.Stat(s.packDir())
	if err != nil || info.ModTime().Equal(s.packs) {
		return false
	}
	s.packs = info.ModTime()
	s.storage.Reindex()
	return true
}

// size gives an object's size without reading it whole.
func (s *store) size(h plumbing.Hash) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.storage.EncodedObjectSize(h)
	if errors.Is(err, plumbing.ErrObjectNotFound) && s.reindex() {
		n, err = s.storage.EncodedObjectSize(h)
	}
	if err != nil {
		return 0, s.damage(plumbing.AnyObject, h, err)
	}
	return n, nil
}

// blob reads a file's content, and proves that it is what its name says: go-git
// doesn't, and a damaged pack must not reach a manifest.
func (s *store) blob(h plumbing.Hash) ([]byte, error) {
	n, err := s.size(h)
	if err != nil {
		return nil, err
	}
	if n > s.maxFileBytes {
		return nil, fmt.Errorf("%d bytes where %d are allowed: %w", n, s.maxFileBytes, ErrTooLarge)
	}
	data, err := s.read(plumbing.BlobObject, h)
	if err != nil {
		return nil, err
	}
	if plumbing.ComputeHash(plumbing.BlobObject, data) != h {
		return nil, s.damage(plumbing.BlobObject, h, errors.New("the content doesn't match its hash"))
	}
	return data, nil
}

func (s *store) read(kind plumbing.ObjectType, h plumbing.Hash) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.get(kind, h)
	if err != nil {
		if errors.Is(err, ErrNotFetched) {
			return nil, s.damage(kind, h, err)
		}
		return nil, err
	}
	reader, err := found.Reader()
	if err != nil {
		return nil, s.damage(kind, h, err)
	}
	data, err := io.ReadAll(io.LimitReader(reader, found.Size()+1))
	if err = errors.Join(err, reader.Close()); err != nil {
		return nil, s.damage(kind, h, err)
	}
	return data, nil
}

// tree reads a folder's entries. A tree that is missing although its commit is there
// is damage.
func (s *store) tree(h plumbing.Hash) ([]object.TreeEntry, error) {
	if n, err := s.size(h); err != nil {
		return nil, err
	} else if n > maxTreeBytes {
		return nil, fmt.Errorf("a folder of %d bytes: %w", n, ErrTooLarge)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	encoded, err := s.get(plumbing.TreeObject, h)
	if errors.Is(err, ErrNotFetched) {
		return nil, s.damage(plumbing.TreeObject, h, err)
	} else if err != nil {
		return nil, err
	}
	var tree object.Tree
	if err := tree.Decode(encoded); err != nil {
		return nil, s.damage(plumbing.TreeObject, h, err)
	}
	return tree.Entries, nil
}

// commit reads a commit.
func (s *store) commit(h plumbing.Hash) (*object.Commit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	encoded, err := s.get(plumbing.CommitObject, h)
	if err != nil {
		return nil, err
	}
	commit := &object.Commit{}
	if err := commit.Decode(encoded); err != nil {
		return nil, s.damage(plumbing.CommitObject, h, err)
	}
	return commit, nil
}

// complete tells whether a commit and its root are there; what is below came with
// them, in one pack or written before them.
func (s *store) complete(h Hash) bool {
	commit, err := s.commit(h.plumbing())
	if err != nil {
		return false
	}
	_, err = s.tree(commit.TreeHash)
	return err == nil
}

// put writes an object.
func (s *store) put(o plumbing.EncodedObject) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.storage.SetEncodedObject(o); err != nil {
		return &localError{"writing to the mirror", err}
	}
	return nil
}

// addPack stores what a fetch brings. go-git writes the pack beside its final place
// and renames it, so a crash leaves nothing that is half a pack. The store stays
// readable while the network delivers.
func (s *store) addPack(pack io.Reader) error {
	s.mu.Lock()
	writer, err := s.storage.PackfileWriter()
	s.mu.Unlock()
	if err != nil {
		return &localError{"storing a pack in the mirror", err}
	}
	_, err = io.Copy(writer, pack)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err = errors.Join(err, writer.Close()); err != nil {
		return &localError{"storing a pack in the mirror", err}
	}
	return nil
}

// sweep removes the packs that a crash left half-written. Call it with the mirror's
// lock: nobody else is writing a pack then. (Commits write tmp_obj_ files, without it.)
func (s *store) sweep() error {
	left, err := filepath.Glob(filepath.Join(s.packDir(), "tmp_pack_*"))
	if err != nil {
		return &localError{"listing half-written packs", err}
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			return &localError{"removing a half-written pack", err}
		}
	}
	return nil
}

// full tells whether enough packs have piled up to start again.
func (s *store) full() bool {
	entries, err := os.ReadDir(s.packDir())
	return err == nil && len(entries) > 2*maxPacks
}
