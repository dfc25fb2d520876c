package gitrepo

import (
	"errors"
	"io/fs"
	"path"
)

// Identify tells what stands at a path without reading it: its Hash as text, its
// mode, and its path in the repository once links are followed. The last part of
// the path is followed where follow says so. Where nothing stands the error is
// fs.ErrNotExist, also where a folder on the way is a file.
func (t *tree) Identify(name string, follow bool) (sum, resolved string, mode fs.FileMode, err error) {
	if !fs.ValidPath(name) {
		return "", "", 0, &fs.PathError{Op: "identify", Path: name, Err: fs.ErrInvalid}
	}
	if err := checkDepth(t.dir, name); err != nil {
		return "", "", 0, &fs.PathError{Op: "identify", Path: brief(name), Err: err}
	}
	found, resolved, err := t.walk(path.Join(t.dir, name), follow)
	if errors.Is(err, errNotFolder) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return "", "", 0, &fs.PathError{Op: "identify", Path: name, Err: err}
	}
	return string(hashOf(found.hash)), resolved, modeOf(found.mode), nil
}
