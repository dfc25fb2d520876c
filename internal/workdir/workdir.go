// Package workdir reads and writes a manifest tree on a local disk, for the commands
// that people run by hand. Nothing outside the tree is read or written, whatever its
// symbolic links say, and a file is either as it was or as it should be. What a person
// wrote meanwhile is never replaced.
package workdir

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Dir is a directory of manifests, or one file of it.
type Dir struct {
	root *os.Root
	only string // when a file was named: its name in root
	seed maphash.Seed

	mu     sync.Mutex
	seen   map[string]sum // what FS read of each file, the last time
	recent folders        // from which it read
}

// sum stands for a content, to tell that it is no longer the same.
type sum uint64

// Open opens the directory at name or, when name is a file, that file alone. A link is
// followed, since it is what was asked for; those in the tree aren't.
func Open(name string) (*Dir, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	only := ""
	if !info.IsDir() {
		if name, err = behind(name); err != nil {
			return nil, err
		}
		name, only = filepath.Dir(name), filepath.Base(name)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root, only: only, seed: maphash.MakeSeed(), seen: map[string]sum{}}, nil
}

// behind gives the name of the file that a link leads to, and that of any other as it is.
func behind(name string) (string, error) {
	info, err := os.Lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return name, err
	}
	return filepath.EvalSymlinks(name)
}

// Close lets go of the directory.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recent.close()
	return d.root.Close()
}

// FS gives the directory for reading. A link that leads out of it can't be opened.
func (d *Dir) FS() fs.FS { return tree{FS: d.root.FS(), dir: d} }

// Includes tells whether the file, named from the directory by slashes, was asked for.
func (d *Dir) Includes(name string) bool { return d.only == "" || d.only == name }

// Display is the name under which a person knows the file: relative to where the
// command runs when that is what Open was given. Without a name it is what Open opened.
func (d *Dir) Display(name string) string {
	if name == "" {
		name = d.only
	}
	return filepath.ToSlash(filepath.Join(d.root.Name(), filepath.FromSlash(name)))
}

// Write replaces the content of one regular file at once, where it still is what FS
// read of it, with mode, owner and attributes as a Batch keeps them.
func (d *Dir) Write(ctx context.Context, name string, data []byte) error {
	b := d.Batch()
	err := b.Replace(name, data)
	if err == nil {
		var w Written
		if w, err = b.Commit(ctx); err == nil && len(w.Refused) > 0 {
			err = w.Refused[0]
		}
	}
	var refused *RefusedError
	if errors.As(err, &refused) {
		return fmt.Errorf("writing %s: %w", d.Display(name), refused.Why)
	}
	return err
}

// Create writes a file that isn't there yet at once, readable as the system has it
// for new files. It refuses to replace anything.
func (d *Dir) Create(name string, data []byte) error {
	f, err := d.folderOf(name)
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.Display(name), cause(err))
	}
	defer f.release()
	if err := create(f, baseOf(name), data); err != nil {
		return fmt.Errorf("writing %s: %w", d.Display(name), cause(err))
	}
	return nil
}

func create(f *folder, base string, data []byte) error {
	temp, err := fill(f, base, nil, data)
	if err != nil {
		return err
	}
	// A link, unlike a new name, can't take the place of what came in between. Not
	// every file system has links.
	if err = f.root.Link(temp, base); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, missing := f.root.Lstat(base); errors.Is(missing, fs.ErrNotExist) {
			if err = f.root.Rename(temp, base); err == nil {
				return nil
			}
		}
	}
	return errors.Join(err, f.root.Remove(temp))
}

func (d *Dir) sum(data []byte) sum { return sum(maphash.Bytes(d.seed, data)) }
