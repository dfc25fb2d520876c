// Package workdir reads and writes a manifest tree on a local disk, for the commands
// that people run by hand. Nothing outside the tree is read or written, whatever its
// symbolic links say, and a file is either as it was or as it should be.
package workdir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Dir is a directory of manifests, or one file of it.
type Dir struct {
	root *os.Root
	only string // when a file was named: its name in root
}

// Open opens the directory at name or, when name is a file, that file alone.
func Open(name string) (*Dir, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	only := ""
	if !info.IsDir() {
		name, only = filepath.Dir(name), filepath.Base(name)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root, only: only}, nil
}

// Close lets go of the directory.
func (d *Dir) Close() error { return d.root.Close() }

// FS gives the directory for reading. A link that leads out of it can't be opened.
func (d *Dir) FS() fs.FS { return d.root.FS() }

// Includes tells whether the file, named from the directory by slashes, was asked for.
func (d *Dir) Includes(name string) bool { return d.only == "" || d.only == name }

// Display is the name under which a person knows the file: relative to where the
// command runs when that is what Open was given.
func (d *Dir) Display(name string) string {
	return filepath.ToSlash(filepath.Join(d.root.Name(), filepath.FromSlash(name)))
}

// Write replaces the content of an existing regular file at once, with its mode and,
// where the system allows it, its owner kept. It refuses a symbolic link: what it
// points at may be shared with another tree.
func (d *Dir) Write(name string, data []byte) error {
	info, err := d.root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("writing %s: it is not a regular file", d.Display(name))
	}
	return d.place(name, info, data)
}

// Create writes a file that isn't there yet at once, readable as the system has it
// for new files. It refuses to replace anything.
func (d *Dir) Create(name string, data []byte) error {
	switch _, err := d.root.Lstat(name); {
	case err == nil:
		return fmt.Errorf("writing %s: %w", d.Display(name), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("writing %s: %w", d.Display(name), err)
	}
	return d.place(name, nil, data)
}

// place puts a file with the data where the name is. With no file to be like, it
// gets the mode and owner of a new one.
func (d *Dir) place(name string, like fs.FileInfo, data []byte) error {
	temp := path.Join(path.Dir(name), ".towline-"+rand.Text())
	if err := d.fill(temp, like, data); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", d.Display(name), err), d.discard(temp))
	}
	if err := d.root.Rename(temp, name); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", d.Display(name), err), d.discard(temp))
	}
	return nil
}

func (d *Dir) fill(temp string, like fs.FileInfo, data []byte) error {
	mode := fs.FileMode(0o666) // less the umask
	if like != nil {
		mode = like.Mode().Perm()
	}
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && like != nil {
		err = f.Chmod(mode) // the umask may have taken bits away
	}
	if err == nil && like != nil {
		err = keepOwner(f, like)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (d *Dir) discard(temp string) error {
	if err := d.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
