package workdir

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync/atomic"
)

// folder is one folder of the tree, held open: what is in it is reached by one step,
// which no link on the way can lead astray. It is closed when its last holder lets go.
type folder struct {
	root *os.Root
	self *os.File // the folder itself, for listing and for steps from it
	name string   // from the tree's root, by slashes; "." is the root
	held atomic.Int32
}

// enter opens a folder by a step from root, where it is the one called step, or root
// itself where that is ".".
func enter(root *os.Root, step, name string) (*folder, error) {
	own, err := root.OpenRoot(step)
	if err != nil {
		return nil, err
	}
	self, err := own.Open(".")
	if err != nil {
		return nil, errors.Join(err, own.Close())
	}
	f := &folder{root: own, self: self, name: name}
	f.held.Store(1)
	return f, nil
}

func (f *folder) hold() { f.held.Add(1) }

// release lets go of the folder. That what was only read can't be closed means nothing.
func (f *folder) release() {
	if f.held.Add(-1) == 0 {
		_ = f.self.Close()
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

// folderOf opens the folder in which the file stands.
func (d *Dir) folderOf(name string) (*folder, error) {
	dir := path.Dir(name)
	if !fs.ValidPath(name) || name == "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return enter(d.root, dir, dir)
}
