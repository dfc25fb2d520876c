//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ledger

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// lockRetry is how often a lock that another process holds is tried.
const lockRetry = 20 * time.Millisecond

// openLocked opens the file and locks it as bbolt does, which then finds it locked: so
// that it can be looked through, moved aside and replaced by nobody else. The file that
// stands at the name when the lock is had is the one that is returned.
func openLocked(name string, flag int, mode os.FileMode, timeout time.Duration) (*os.File, error) {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	retry := time.NewTicker(lockRetry)
	defer retry.Stop()
	for {
		f, err := os.OpenFile(name, flag, mode)
		if err != nil {
			return nil, err
		}
		locked, err := tryLock(f)
		if err == nil && locked {
			return f, nil
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		select {
		case <-retry.C:
		case <-deadline.C:
			return nil, ErrInUse
		}
	}
}

// tryLock locks f, unless it is locked or stands no longer at its name.
func tryLock(f *os.File) (bool, error) {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, there), err
}
