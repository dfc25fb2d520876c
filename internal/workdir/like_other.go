//go:build !unix

package workdir

import (
	"io/fs"
	"os"
)

// liken gives a new file the mode of another. It does nothing else where files have no
// owner of the Unix kind.
func liken(file *os.File, _ *folder, _ string, like fs.FileInfo) error {
	return file.Chmod(like.Mode().Perm())
}

// names is how many names a file has, as far as can be told.
func names(fs.FileInfo) uint64 { return 1 }
