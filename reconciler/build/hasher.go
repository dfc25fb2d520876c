package build

import "io/fs"

// Hasher is a file system that knows a hash of everything in it without reading it,
// as that of a Git commit does. What was built from one can be found again when the
// hashes of all that was read are the same at another commit.
type Hasher interface {
	fs.FS
	// Identify gives a sum of the content at name (of a folder: of all below it), its
	// path in the repository once links are followed, and its mode. The last part of the path is
	// followed where follow says so. It gives fs.ErrNotExist where nothing stands.
	Identify(name string, follow bool) (sum, resolved string, mode fs.FileMode, err error)
}
