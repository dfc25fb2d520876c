package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// maxPacks bounds a generation: every fetch that brings something adds a pack, and
// starting again with one pack is cheaper to get right than repacking in place.
const maxPacks = 200

// mirror is a repository's folder in the cache:
//
//	lock        held by whoever writes, in this process or another
//	current     the name of the generation in use
//	gen-000001  a bare repository
//
// A generation becomes current only when its first fetch is complete, so one that a
// crash left half-written is never looked at. A broken one is left for a new one,
// and removed one change later, since others may still be reading it.
type mirror struct {
	dir          string
	url          *url.URL
	maxFileBytes int64

	mu   sync.Mutex
	open *store // the generation in use; nil before the first need
}

func newMirror(dir string, u *url.URL, maxFileBytes int64) *mirror {
	return &mirror{dir: filepath.Join(dir, mirrorName(u)), url: u, maxFileBytes: maxFileBytes}
}

// localError is trouble with the mirror on disk, as opposed to the remote's.
type localError struct {
	op  string
	err error
}

func (e *localError) Error() string { return e.op + ": " + e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// lock takes the mirror for writing. It waits for another holder until ctx ends.
func (m *mirror) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return nil, &localError{"making the mirror's folder", err}
	}
	type result struct {
		unlock func()
		err    error
	}
	done := make(chan result, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(filepath.Join(m.dir, "lock")).Lock()
		done <- result{unlock, err}
	}()
	select {
	case got := <-done:
		if got.err != nil {
			return nil, &localError{"locking the mirror", got.err}
		}
		return got.unlock, nil
	case <-ctx.Done():
		go func() { // let go of it as soon as it comes
			if got := <-done; got.err == nil {
				got.unlock()
			}
		}()
		return nil, fmt.Errorf("waiting for the mirror's lock: %w", context.Cause(ctx))
	}
}

// current opens the generation in use. It returns nil where there is none, or none
// that can be opened: the caller then makes a new one.
func (m *mirror) current() *store {
	name, err := os.ReadFile(filepath.Join(m.dir, "current"))
	if err != nil {
		return nil
	}
	generation := strings.TrimSpace(string(name))
	if _, err := generationNumber(generation); err != nil {
		return nil
	}
	dir := filepath.Join(m.dir, generation)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != nil && m.open.dir == dir {
		return m.open
	}
	opened, err := openStore(dir, m.maxFileBytes)
	if err != nil {
		return nil
	}
	m.open = opened
	return opened
}

// begin makes an empty generation beside the current one. Call it with the lock.
func (m *mirror) begin() (*store, error) {
	last := 0
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, &localError{"reading the mirror's folder", err}
	}
	for _, entry := range entries {
		if n, err := generationNumber(entry.Name()); err == nil {
			last = max(last, n)
		}
	}
	created, err := createStore(filepath.Join(m.dir, fmt.Sprintf("gen-%06d", last+1)), m.maxFileBytes)
	if err != nil {
		return nil, &localError{"making a mirror", err}
	}
	return created, nil
}

// start makes the first generation of an empty repository's mirror.
func (m *mirror) start() (*store, error) {
	unlock, err := m.lock(context.Background())
	if err != nil {
		return nil, err
	}
	defer unlock()
	if already := m.current(); already != nil {
		return already, nil
	}
	fresh, err := m.begin()
	if err != nil {
		return nil, err
	}
	return fresh, m.commit(fresh)
}

// commit makes a generation the current one and removes those before its
// predecessor. Call it with the lock.
func (m *mirror) commit(st *store) error {
	previous, _ := os.ReadFile(filepath.Join(m.dir, "current")) // none is fine
	name := filepath.Base(st.dir)
	if err := replaceFile(filepath.Join(m.dir, "current"), []byte(name+"\n")); err != nil {
		return err
	}
	m.mu.Lock()
	m.open = st
	m.mu.Unlock()
	return m.sweep(name, strings.TrimSpace(string(previous)))
}

// note records in the current generation that it holds a branch's new head.
func (m *mirror) note(ctx context.Context, branch string, head Hash) error {
	unlock, err := m.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	st := m.current()
	if st == nil || !st.complete(head) {
		return nil
	}
	known, err := st.state()
	if err != nil {
		return err
	}
	known.Branches[branch] = head
	return st.setState(known)
}

// discard removes a generation that didn't become current.
func (m *mirror) discard(st *store) error {
	return os.RemoveAll(st.dir)
}

func (m *mirror) sweep(keep ...string) error {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return &localError{"reading the mirror's folder", err}
	}
	var problems []error
next:
	for _, entry := range entries {
		if _, err := generationNumber(entry.Name()); err != nil {
			continue
		}
		for _, name := range keep {
			if entry.Name() == name {
				continue next
			}
		}
		if err := os.RemoveAll(filepath.Join(m.dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, &localError{"removing an old mirror", err})
		}
	}
	return errors.Join(problems...)
}

func generationNumber(name string) (int, error) {
	digits, ok := strings.CutPrefix(name, "gen-")
	if !ok || len(digits) < 6 {
		return 0, fmt.Errorf("%q isn't a generation's name", name)
	}
	return strconv.Atoi(digits)
}
