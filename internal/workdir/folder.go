package workdir

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// folder is one folder of the tree, held open: what is in it is reached by one step,
// which no link on the way can lead astray. It is closed when its last holder lets go.
type folder struct {
	dir  *Dir
	name string   // from the tree's root, by slashes; "." is the root
	self *os.File // the folder itself, for listing and for steps from it
	held atomic.Int32

	once sync.Once // for what follows
	root *os.Root  // for changes in the folder
	err  error
}

// folderOf opens the folder in which a file stands.
func (d *Dir) folderOf(file string) (*folder, error) {
	if !within(file) {
		return nil, fs.ErrInvalid
	}
	return d.folder(path.Dir(file))
}

// within tells whether a name is one of a file in the tree. Unlike fs.ValidPath it
// takes names that aren't UTF-8, as disks do.
func within(file string) bool {
	return file != "." && path.Clean(file) == file && filepath.IsLocal(filepath.FromSlash(file))
}

// folder opens a folder by its way from the tree's root.
func (d *Dir) folder(name string) (*folder, error) {
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	self, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	f := &folder{dir: d, name: name, self: self}
	f.once.Do(func() { f.root = root })
	f.held.Store(1)
	return f, nil
}

// writable gives the folder for changes in it.
func (f *folder) writable() (*os.Root, error) {
	f.once.Do(func() { f.root, f.err = f.dir.root.OpenRoot(f.name) })
	return f.root, f.err
}

func (f *folder) hold() { f.held.Add(1) }

// release lets go of the folder. That what was only read can't be closed means nothing.
func (f *folder) release() {
	if f.held.Add(-1) > 0 {
		return
	}
	_ = f.self.Close()
	if f.root != nil {
		_ = f.root.Close()
	}
}

// path is the name of a file of the folder, from the tree's root.
func (f *folder) path(base string) string {
	if f.name == "." {
		return base
	}
	return f.name + "/" + base
}
