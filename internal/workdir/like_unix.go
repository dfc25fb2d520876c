//go:build unix

package workdir

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// liken gives a new file the owner, the attributes and the mode of another. Only root
// may give files away, so for others a file of somebody else's becomes theirs, as with
// any editor; its group is kept where they are in it.
func liken(file *os.File, f *folder, base string, like fs.FileInfo) error {
	now, err := file.Stat()
	if err != nil {
		return err
	}
	is, ok := now.Sys().(*syscall.Stat_t)
	was, known := like.Sys().(*syscall.Stat_t)
	if ok && known && (is.Uid != was.Uid || is.Gid != was.Gid) {
		err := file.Chown(int(was.Uid), int(was.Gid))
		if errors.Is(err, fs.ErrPermission) {
			err = file.Chown(-1, int(was.Gid))
		}
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	// The umask may have taken bits away.
	if now.Mode() != like.Mode().Perm() {
		if err := file.Chmod(like.Mode().Perm()); err != nil {
			return err
		}
	}
	return copyAttributes(file, f, base)
}

// names is how many names (hard links) a file has.
func names(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink) //nolint:unconvert // its width differs from system to system
	}
	return 1
}
