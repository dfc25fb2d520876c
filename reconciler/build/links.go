package build

import (
	"errors"
	"io/fs"
	"strings"
)

// LinkError gives the *Error of a look at name that failed because of a symbolic link on
// the way, such as one that leads out of the repository; else err as it is.
func LinkError(fsys fs.FS, name string, err error) error {
	if err == nil || !fs.ValidPath(name) {
		return err
	}
	for at := 0; at < len(name); {
		end := len(name)
		if i := strings.IndexByte(name[at:], '/'); i >= 0 {
			end = at + i
		}
		info, lookErr := fs.Lstat(fsys, name[:end])
		if lookErr != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return &Error{File: name, Err: bare(err), Hint: "symbolic links must stay inside the repository"}
		}
		at = end + 1
	}
	return err
}

// bare takes the operation and the path off an error of a file system.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
