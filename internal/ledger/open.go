package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/towline-dev/towline/internal/ledger/pages"
)

const (
	compactFrom = 1 << 20 // bytes; a smaller file isn't worth writing anew
	compactStep = 4 << 20 // bytes of one transaction of it
	growBy      = 4 << 20 // bytes by which a large file grows
)

// errAgain: the file at the path is another one now.
var errAgain = errors.New("the ledger's file was replaced")

// open opens the file, over again when it had to be moved aside or was written anew.
func open(path string, opts Options) (*Ledger, error) {
	l := &Ledger{opts: opts}
	for compacted := false; ; {
		report, err := l.openFile(path)
		switch {
		case errors.Is(err, errAgain):
			continue
		case err != nil:
			return nil, err
		case compacted || report.Free*2 <= report.Pages || report.Pages*int64(report.PageSize) < compactFrom:
			return l, nil
		}
		compacted = true
		if err := l.compact(path); err != nil {
			opts.Log.Warn("the ledger isn't made smaller", "err", err)
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
}

// openFile opens the file as it is, locked and looked through. A damaged one is moved
// away while it is locked: errAgain, once.
func (l *Ledger) openFile(path string) (pages.Report, error) {
	var file *os.File
	var report pages.Report
	options := &bbolt.Options{
		Timeout: l.opts.LockTimeout, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := openLocked(name, flag, mode, l.opts.LockTimeout)
			if err != nil {
				return nil, err
			}
			if report, err = l.lookThrough(f); err != nil {
				return nil, errors.Join(l.moveAside(path, err), f.Close())
			}
			file = f
			return f, nil
		},
	}
	stack, err := guarded(func() error {
		var err error
		l.db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	switch {
	case stack != nil:
		err = fmt.Errorf("%w: %w", pages.ErrDamaged, err)
		return report, errors.Join(l.moveAside(path, err), file.Close())
	case errors.Is(err, bolterrors.ErrTimeout):
		return report, ErrInUse
	case err != nil:
		return report, err
	}
	l.file, l.db.AllocSize = file, growBy
	if err := l.begin(path); err != nil {
		return report, errors.Join(l.moveAside(path, err), l.Close())
	}
	return report, nil
}

// lookThrough checks the file. An empty one is that of a new ledger.
func (l *Ledger) lookThrough(f *os.File) (pages.Report, error) {
	info, err := f.Stat()
	if err != nil {
		return pages.Report{}, err
	}
	if info.Size() > 0 {
		return pages.Check(f, info.Size())
	}
	if l.reason == "" {
		l.reason = "there was none"
	}
	return pages.Report{}, nil
}

// begin makes a new ledger's buckets, and sees that an older one's are those that we know.
func (l *Ledger) begin(path string) error {
	if err := os.Remove(path + compactSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.opts.Log.Warn("what a crash left beside the ledger can't be removed", "err", err)
	}
	known, foreign := true, false
	names := []string{formatBucket, repositoryBucket, imageBucket, imageOrderBucket}
	if err := l.view(func(tx *bbolt.Tx) error {
		for _, name := range names {
			known = known && tx.Bucket([]byte(name)) != nil
		}
		first, _ := tx.Cursor().First()
		foreign = !known && first != nil
		return nil
	}); err != nil || known {
		return err
	}
	if foreign {
		return fmt.Errorf("%w: it holds something other than a ledger of this version", pages.ErrDamaged)
	}
	if err := l.update(func(tx *bbolt.Tx) error {
		for _, name := range names {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return syncFolder(path)
}

// moveAside renames a file that is damaged, by the error err, to a name that isn't
// taken, and returns errAgain. It returns any other error as it is, and that of a file
// that is damaged although it was just begun.
func (l *Ledger) moveAside(path string, err error) error {
	if !errors.Is(err, pages.ErrDamaged) && !errors.Is(err, ErrDamaged) || l.moved {
		return err
	}
	base := path + ".damaged-" + l.opts.Now().UTC().Format("20060102T150405Z")
	aside := base
	for n := 2; ; n++ {
		if _, statErr := os.Lstat(aside); errors.Is(statErr, fs.ErrNotExist) {
			break
		} else if statErr != nil {
			return errors.Join(err, statErr)
		}
		aside = base + "-" + strconv.Itoa(n)
	}
	if renameErr := os.Rename(path, aside); renameErr != nil {
		return errors.Join(err, renameErr)
	}
	l.moved, l.broken, l.reason = true, nil, fmt.Sprintf("the one that was there is damaged and was moved to %s: %v", aside, err)
	l.opts.Log.Warn("the ledger was damaged and begins anew", "err", err, "moved_to", aside)
	return errors.Join(errAgain, syncFolder(path))
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
