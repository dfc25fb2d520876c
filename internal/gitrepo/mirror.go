package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"
)

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
	maxFileBytes int64
	disk         disk

	mu     sync.Mutex
	open   *store // the generation in use; nil before the first need
	before *store // the one that was in use before it, or nil
}

func newMirror(cfg Config, u *url.URL) *mirror {
	return &mirror{dir: filepath.Join(cfg.Dir, mirrorName(u)), maxFileBytes: cfg.MaxFileBytes, disk: disk{cfg.Disk}}
}

// lock takes the mirror for writing. It waits for another holder until ctx ends.
func (m *mirror) lock(ctx context.Context) (unlock func(), err error) {
	if err := m.disk.mkdirAll(m.dir); err != nil {
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
	generation := m.named()
	if generation == "" {
		return nil
	}
	dir := filepath.Join(m.dir, generation)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != nil && m.open.dir == dir {
		return m.open
	}
	opened, err := openStore(dir, m.maxFileBytes, m.disk)
	if err != nil {
		return nil
	}
	m.use(opened)
	return opened
}

// use must be called with mu held.
func (m *mirror) use(st *store) {
	if m.open != nil {
		m.before = m.open
	}
	m.open = st
}

// holding gives the generation that holds a commit: a commit that was built here may
// be in the one before, where another fetch has made a new one since. It is the current
// one where neither does, and nil where there is none.
func (m *mirror) holding(commit Hash) *store {
	current := m.current()
	m.mu.Lock()
	before := m.before
	m.mu.Unlock()
	if current != nil && before != nil && !current.complete(commit) && before.complete(commit) {
		return before
	}
	return current
}

// begin makes an empty generation beside the current one, and removes all others: those
// that a crash left unfinished, and the last one's predecessor. Call it with the lock.
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
	if err := m.sweep(m.named()); err != nil {
		return nil, err
	}
	dir := filepath.Join(m.dir, fmt.Sprintf("gen-%06d", last+1))
	created, err := createStore(dir, m.maxFileBytes, m.disk)
	if err != nil {
		return nil, errors.Join(&localError{"making a mirror", err}, m.disk.remove(dir))
	}
	return created, nil
}

// named gives the name of the generation in use, or "".
func (m *mirror) named() string {
	name, err := os.ReadFile(filepath.Join(m.dir, "current"))
	if err != nil {
		return ""
	}
	generation := strings.TrimSpace(string(name))
	if _, err := generationNumber(generation); err != nil {
		return ""
	}
	return generation
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
	previous, name := m.named(), filepath.Base(st.dir)
	if err := m.switchTo(st); err != nil {
		return &localError{"making a mirror the one in use", err}
	}
	m.mu.Lock()
	m.use(st)
	m.mu.Unlock()
	return m.sweep(name, previous)
}

// switchTo has the new generation's folders outlast the power before it is named, and
// its name after.
func (m *mirror) switchTo(st *store) error {
	for _, dir := range []string{filepath.Join(st.dir, "objects"), st.dir} {
		if err := m.disk.syncDir(dir); err != nil {
			return err
		}
	}
	if err := m.disk.replace(filepath.Join(m.dir, "current"), []byte(filepath.Base(st.dir)+"\n")); err != nil {
		return err
	}
	return m.disk.syncDir(m.dir)
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
	if err := m.disk.remove(st.dir); err != nil {
		return &localError{"removing a mirror that isn't whole", err}
	}
	return nil
}

// sweep removes the generations that aren't among keep, and what a crash left of
// files that were being replaced. Call it with the lock.
func (m *mirror) sweep(keep ...string) error {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return &localError{"reading the mirror's folder", err}
	}
	var problems []error
	for _, entry := range entries {
		_, err := generationNumber(entry.Name())
		old := err == nil && !slices.Contains(keep, entry.Name())
		if !old && !strings.Contains(entry.Name(), tempMark) {
			continue
		}
		if err := m.disk.remove(filepath.Join(m.dir, entry.Name())); err != nil {
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
