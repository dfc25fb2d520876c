package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"
)

const compactSuffix = ".compact"

// compact writes the ledger anew beside the file, and puts that in its place when it is
// whole and on the disk: a crash leaves the one or the other. The open file, which is
// the old one from then on, keeps its lock; the caller closes it.
func (l *Ledger) compact(path string) error {
	temp := path + compactSuffix
	err := l.writeCompact(temp)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		return syncFolder(path)
	}
	if removeErr := os.Remove(temp); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	return fmt.Errorf("writing it anew: %w", err)
}

func (l *Ledger) writeCompact(temp string) error {
	options := &bbolt.Options{
		Timeout: l.opts.LockTimeout, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
		NoSync: true, // it counts for nothing before it is whole
	}
	to, err := bbolt.Open(temp, 0o600, options)
	if err != nil {
		return err
	}
	to.AllocSize = growBy
	return errors.Join(l.guard(func() error {
		if err := bbolt.Compact(to, l.db, compactStep); err != nil {
			return err
		}
		return to.Sync()
	}), to.Close())
}
