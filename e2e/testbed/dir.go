package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// dirPrefix is how the folders of all servers are called below the temporary
// folder of the system.
const dirPrefix = "towline-testbed-"

// lockName is the file in a server's folder on which its owner holds a lock for
// as long as it lives.
const lockName = "lock"

// stateDir is the folder of one server, with its state and its log.
type stateDir struct {
	path string
	lock *os.File // nil when the folder is the caller's
}

// newDir returns the folder of a server: the given one, which stays when the
// server is stopped, or else a temporary one. When it makes a temporary folder
// it also removes those that killed processes have left behind.
func newDir(given, name string) (*stateDir, error) {
	if given != "" {
		if err := os.MkdirAll(given, 0o700); err != nil {
			return nil, fmt.Errorf("making the folder of %s: %w", name, err)
		}
		return &stateDir{path: given}, nil
	}
	sweep(os.TempDir())
	path, err := os.MkdirTemp("", dirPrefix+name+"-")
	if err != nil {
		return nil, fmt.Errorf("making the folder of %s: %w", name, err)
	}
	lock, free, err := tryLock(filepath.Join(path, lockName))
	if err != nil || !free {
		return nil, fmt.Errorf("locking the folder of %s: %w", name, err)
	}
	return &stateDir{path: path, lock: lock}, nil
}

// file returns the path of a file in the folder.
func (d *stateDir) file(name ...string) string {
	return filepath.Join(append([]string{d.path}, name...)...)
}

// remove deletes the folder, unless it is the caller's.
func (d *stateDir) remove() error {
	if d.lock == nil {
		return nil
	}
	err := os.RemoveAll(d.path)
	if closed := d.lock.Close(); err == nil {
		err = closed
	}
	return err
}

// sweep removes the folders whose owner is dead: those with a lock that nobody
// holds. What can't be removed is left for the next time.
func sweep(tmp string) {
	locks, err := filepath.Glob(filepath.Join(tmp, dirPrefix+"*", lockName))
	if err != nil {
		return // only a bad pattern
	}
	for _, path := range locks {
		if lock, free, err := tryLock(path); err == nil && free {
			_ = os.RemoveAll(filepath.Dir(path))
			_ = lock.Close()
		}
	}
}

// tryLock takes the lock of a folder if it is free. The kernel frees it when
// the process ends, and doesn't hand it down to child processes.
func tryLock(path string) (lock *os.File, free bool, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil, false, f.Close()
	}
	return f, true, nil
}
