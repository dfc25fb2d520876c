//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package ledger

import (
	"os"
	"time"
)

// openLocked leaves the lock to bbolt, which takes it right after this.
func openLocked(name string, flag int, mode os.FileMode, _ time.Duration) (*os.File, error) {
	return os.OpenFile(name, flag, mode)
}
