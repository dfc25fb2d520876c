package gitrepo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// disk makes every change to a mirror's folder, and none without asking first: that
// is where tests stop the process, or take the disk's place.
type disk struct {
	ask func(step, name string) error // may be nil
}

// localError is trouble with the mirror on disk, as opposed to the remote's.
type localError struct {
	op  string
	err error
}

func (e *localError) Error() string { return e.op + ": " + e.err.Error() + diskHint(e.err) }

// Unwrap gives the cause, and what kind of trouble it is where that is understood.
func (e *localError) Unwrap() []error {
	if kind := diskKind(e.err); kind != nil {
		return []error{e.err, kind}
	}
	return []error{e.err}
}

func diskKind(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return ErrDiskFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrMirrorAccess
	}
	return nil
}

func diskHint(err error) string {
	switch kind := diskKind(err); {
	case errors.Is(kind, ErrDiskFull):
		return " (hint: make room there; what the mirror held is intact, and the next fetch goes on)"
	case errors.Is(kind, ErrMirrorAccess):
		return " (hint: the folder for mirrors must belong to the user that this process runs as, and be writable)"
	}
	return ""
}

func (d disk) step(step, name string) error {
	if d.ask == nil {
		return nil
	}
	if err := d.ask(step, name); err != nil {
		return &fs.PathError{Op: step, Path: name, Err: err}
	}
	return nil
}

func (d disk) mkdir(name string) error {
	if err := d.step("mkdir", name); err != nil {
		return err
	}
	return os.Mkdir(name, 0o700)
}

func (d disk) mkdirAll(name string) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := d.step("mkdir", name); err != nil {
		return err
	}
	return os.MkdirAll(name, 0o700)
}

func (d disk) rename(from, to string) error {
	if err := d.step("rename", to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func (d disk) remove(name string) error {
	if err := d.step("remove", name); err != nil {
		return err
	}
	if err := os.RemoveAll(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir makes what was renamed or made in a folder outlast the power.
func (d disk) syncDir(name string) error {
	if err := d.step("sync", name); err != nil {
		return err
	}
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// create makes a new file whose name begins with prefix.
func (d disk) create(dir, prefix string) (*diskFile, error) {
	if err := d.step("create", filepath.Join(dir, prefix)); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, prefix)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, disk: d}, nil
}

// replace writes a file so that readers see the old content or the new one, after a
// power failure too. Which of the two that is then, only syncDir decides.
func (d disk) replace(name string, data []byte) error {
	f, err := d.create(filepath.Dir(name), filepath.Base(name)+tempMark)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.discard())
	}
	return f.become(name, true)
}

// tempMark is in the names of files that aren't finished.
const tempMark = ".new-"

// diskFile is a file under way to its name.
type diskFile struct {
	*os.File
	disk disk
}

func (f *diskFile) Write(p []byte) (int, error) {
	if err := f.disk.step("write", f.Name()); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// discard gives the file up.
func (f *diskFile) discard() error {
	return errors.Join(f.Close(), f.disk.remove(f.Name()))
}

// become closes the file and gives it its name. A durable one has its content under
// that name even after a power failure; that it has the name is for syncDir to see to.
func (f *diskFile) become(name string, durable bool) error {
	if durable {
		err := f.disk.step("sync", f.Name())
		if err == nil {
			err = f.Sync()
		}
		if err != nil {
			return errors.Join(err, f.discard())
		}
	}
	if err := f.Close(); err != nil {
		return errors.Join(err, f.disk.remove(f.Name()))
	}
	if err := f.disk.rename(f.Name(), name); err != nil {
		return errors.Join(err, f.disk.remove(f.Name()))
	}
	return nil
}
