//go:build unix

package binary

import (
	"context"
	"os"
	"syscall"
)

// lock takes an exclusive lock on a file, against other processes and against
// other goroutines of this one. The kernel lets go of it when the process ends,
// however it ends.
func lock(ctx context.Context, path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	unlock := func() { _ = f.Close() } // closing lets go of the lock
	done := make(chan struct{})
	var locked error
	go func() { defer close(done); locked = flock(f) }()
	select {
	case <-done:
		if locked != nil {
			unlock()
			return nil, locked
		}
		return unlock, nil
	case <-ctx.Done():
		// The call can't be called back: when it comes through, let go at once.
		go func() { <-done; unlock() }()
		return nil, ctx.Err()
	}
}

// flock waits for the lock; a signal (Go's own scheduler sends them) makes it
// start again.
func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}
