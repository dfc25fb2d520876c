package packfile

import (
	"bytes"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// note collects what a commit or a tree names. One that is malformed is the reader's
// business: it is what the repository holds, and hides nothing else.
func (in *intake) note(kind plumbing.ObjectType, data []byte) error {
	switch kind {
	case plumbing.CommitObject:
		line, _, _ := bytes.Cut(data, []byte("\n"))
		if root, ok := bytes.CutPrefix(line, []byte("tree ")); ok && plumbing.IsHash(string(root)) {
			in.names[plumbing.NewHash(string(root))] = plumbing.TreeObject
		}
	case plumbing.TreeObject:
		in.tree(data)
	}
	if len(in.names) > in.limits.Objects {
		return fmt.Errorf("trees that name more than %d objects: %w", in.limits.Objects, ErrTooLarge)
	}
	return nil
}

func (in *intake) tree(data []byte) {
	for len(data) > 0 {
		space, end := bytes.IndexByte(data, ' '), bytes.IndexByte(data, 0)
		if space < 0 || end < space || len(data) < end+1+len(plumbing.ZeroHash) {
			return
		}
		var h plumbing.Hash
		copy(h[:], data[end+1:])
		switch string(bytes.TrimLeft(data[:space], "0")) {
		case "40000":
			in.names[h] = plumbing.TreeObject
		case "160000": // a submodule's commit is in another repository
		default:
			if _, known := in.names[h]; !known {
				in.names[h] = plumbing.BlobObject
			}
		}
		data = data[end+1+len(h):]
	}
}
