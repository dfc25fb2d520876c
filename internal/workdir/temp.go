package workdir

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"time"
)

const (
	// tempPrefix begins the names of files that aren't in place yet. They have no
	// extension, so that nothing takes what a kill leaves behind for a manifest.
	tempPrefix = ".towline-"
	// tempLength is that of rand.Text, which goes behind the prefix.
	tempLength = 26
	// tempAge is from when on such a file is taken for one that was left behind. No
	// run takes as long.
	tempAge = 15 * time.Minute
)

// fill makes a file beside base with the data and, where like says how base is, with
// its mode, owner and attributes. It gives the name. Without one to be like, the file
// is alone, and on the disk afterwards; a Batch sees to that for all of its files.
func fill(f *folder, base string, like fs.FileInfo, data []byte) (temp string, err error) {
	temp = tempPrefix + rand.Text()
	mode := fs.FileMode(0o666) // less the umask
	if like != nil {
		mode = like.Mode().Perm()
	}
	root, err := f.writable()
	if err != nil {
		return "", err
	}
	file, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	switch {
	case err == nil && like != nil:
		err = errors.Join(liken(file, f, base, like), begin(file))
	case err == nil:
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, root.Remove(temp))
	}
	return temp, nil
}

// sweep takes a file of a run that was killed away. It is no loss if that can't be done:
// the next run tries again.
func (f *folder) sweep(base string) {
	root, err := f.writable()
	if err != nil {
		return
	}
	info, err := root.Lstat(base)
	if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > tempAge {
		_ = root.Remove(base)
	}
}

func baseOf(name string) string { return path.Base(name) }
