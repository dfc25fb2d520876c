package bot

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/refcache"
	"github.com/towline-dev/towline/policy"
)

// maxTrees is how many trees a Reader remembers: that of the branch, that of the base
// of updates, and one more, since either may move on.
const maxTrees = 3

// Reader reads trees. It remembers the last ones: of a tree that differs from one of
// them in a few files it reads the folders on the way to these, and these files. The
// zero value is ready; it may be used by several goroutines.
type Reader struct {
	// Paths are the folders below which Read looks, as slash paths. The default is
	// none, which is the whole tree. The UpdateConfig is read in any case.
	Paths []string
	// Cache keeps what was found in files for the next process. The default is none.
	Cache *refcache.Cache

	mu      sync.Mutex
	trees   []*Tree // the one that was asked for last is the first
	loaded  string  // the fingerprint for which the cache was read
	records int     // in the cache, as far as is known
}

// Read reads the policies and references of every manifest in fsys, and keeps fsys, to
// read a file again when it is edited. What can't be read or understood becomes a
// problem of the tree and hides nothing else; an error means that the tree as a whole
// couldn't be walked.
func (r *Reader) Read(fsys fs.FS) (*Tree, error) {
	root, err := rootHash(fsys)
	if err != nil {
		return nil, fmt.Errorf("walking the repository: %w", err)
	}
	if known := r.known(root, func(t *Tree) bool { return t.own }); known != nil {
		return known.on(fsys), nil
	}
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	return r.read(root, &Tree{Config: c, own: true, fsys: fsys})
}

// ReadAs is Read with the configuration of another branch.
func (r *Reader) ReadAs(fsys fs.FS, c policy.UpdateConfig) (*Tree, error) {
	root, err := rootHash(fsys)
	if err != nil {
		return nil, fmt.Errorf("walking the repository: %w", err)
	}
	return r.read(root, &Tree{Config: c, fsys: fsys})
}

// read fills a tree of which the configuration is known.
func (r *Reader) read(root gitrepo.Hash, t *Tree) (_ *Tree, err error) {
	if t.finder, err = finderOf(t.Config); err != nil {
		return nil, err
	}
	if known := r.known(root, func(old *Tree) bool { return old.findsAs(t) && old.ignoresAs(t) }); known != nil {
		again := *known
		again.fsys, again.Config, again.own = t.fsys, t.Config, t.own
		again.layout = again.laidOut() // by its own configuration
		return &again, nil
	}
	t.sources = map[string][]edit.Source{}
	reading := r.begin(t)
	if err := reading.walk(root); err != nil {
		return nil, fmt.Errorf("walking the repository: %w", err)
	}
	r.find(reading)
	t.fill(reading)
	if reading.damage != nil {
		return nil, fmt.Errorf("reading the repository: %w", reading.damage)
	}
	r.remember(t)
	return t, nil
}

// rootHash is empty where fsys isn't that of a commit.
func rootHash(fsys fs.FS) (gitrepo.Hash, error) {
	info, err := fs.Stat(fsys, ".")
	if err != nil {
		return "", err
	}
	hash, _ := info.Sys().(gitrepo.Hash)
	return hash, nil
}

// known gives a tree that was read of a root and will do, nil where none is remembered.
func (r *Reader) known(root gitrepo.Hash, will func(*Tree) bool) *Tree {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.trees, func(t *Tree) bool { return t.root.is(root) && will(t) })
	if i < 0 {
		return nil
	}
	found := r.trees[i]
	r.trees = slices.Insert(slices.Delete(r.trees, i, i+1), 0, found)
	return found
}

func (r *Reader) remember(t *Tree) {
	if t.root.hash == "" {
		return // nothing of it could be known again
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trees = slices.Insert(r.trees, 0, t)
	r.trees = slices.Clone(r.trees[:min(len(r.trees), maxTrees)])
}

// begin prepares the reading of a tree: what is alike in a remembered one is taken over,
// and whole folders where that was read by the same configuration.
func (r *Reader) begin(t *Tree) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	rd := &reading{reader: r, tree: t, fsys: t.fsys, strings: map[string]string{}, context: map[*File]policy.Flux{}}
	for _, old := range r.trees {
		if old.findsAs(t) {
			rd.old = append(rd.old, earlier{old.root, old.ignoresAs(t)})
			rd.known = append(rd.known, old.context)
		}
	}
	return rd
}

// fill gathers what the files hold, and settles what they say together.
func (t *Tree) fill(r *reading) {
	t.root, t.context = r.root, r.context
	t.Problems = append(t.Problems, r.problems...)
	t.root.visit(func(link string) { r.broken(t.follow(t.fsys, link)) }, t.add)
	t.resolveFlux()
	t.settleNames()
	r.broken(t.readKeys(t.fsys))
	t.Problems = t.Problems.Sorted()
	t.matches = sync.OnceValue(t.match)
	t.layout = t.laidOut()
}

// findsAs tells whether the same is found in the same file.
func (t *Tree) findsAs(other *Tree) bool { return t.finder.Fingerprint() == other.finder.Fingerprint() }

// ignoresAs tells whether the same files are looked at.
func (t *Tree) ignoresAs(other *Tree) bool {
	return slices.Equal(t.Config.IgnorePaths, other.Config.IgnorePaths)
}

// on gives the tree with another fsys of the same content.
func (t *Tree) on(fsys fs.FS) *Tree {
	again := *t
	again.fsys = fsys
	return &again
}
