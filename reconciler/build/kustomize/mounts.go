package kustomize

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/sops"
)

// basesDir is where remote bases are shown in the repository. What stands there in truth
// isn't seen.
const basesDir = ".towline-bases"

// maxBases bounds the repositories that one build fetches.
const maxBases = 16

// mounts shows remote bases beside the repository, each as a folder.
type mounts struct {
	fs.FS // the repository
	bases map[string]fs.FS
}

var (
	_ fs.StatFS     = (*mounts)(nil)
	_ fs.ReadDirFS  = (*mounts)(nil)
	_ fs.ReadLinkFS = (*mounts)(nil)
)

// of gives the file system that holds a path, and the path in it.
func (m *mounts) of(name string) (fs.FS, string, error) {
	mount := mountOf(name)
	if mount == "" {
		return m.FS, name, nil
	}
	found, ok := m.bases[mount]
	if !ok {
		return nil, "", fs.ErrNotExist
	}
	if name == mount {
		return found, ".", nil
	}
	return found, strings.TrimPrefix(name, mount+"/"), nil
}

// mountOf gives the folder of the remote base that a path lies in, or nothing.
func mountOf(name string) string {
	rest, ok := strings.CutPrefix(name+"/", basesDir+"/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return path.Join(basesDir, id)
}

// Open opens a file or folder.
func (m *mounts) Open(name string) (fs.File, error) {
	fsys, inner, err := m.of(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return fsys.Open(inner)
}

// Stat describes a file or folder.
func (m *mounts) Stat(name string) (fs.FileInfo, error) {
	fsys, inner, err := m.of(name)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return fs.Stat(fsys, inner)
}

// ReadDir lists a folder.
func (m *mounts) ReadDir(name string) ([]fs.DirEntry, error) {
	fsys, inner, err := m.of(name)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return fs.ReadDir(fsys, inner)
}

// Lstat describes a link.
func (m *mounts) Lstat(name string) (fs.FileInfo, error) {
	fsys, inner, err := m.of(name)
	if err != nil {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return fs.Lstat(fsys, inner)
}

// ReadLink tells where a link leads.
func (m *mounts) ReadLink(name string) (string, error) {
	fsys, inner, err := m.of(name)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return fs.ReadLink(fsys, inner)
}

// mount fetches a base, unless it is there, and gives the path of its folder. What it has
// encrypted isn't opened: the keys are the Sync's, for its own repository.
func (f *files) mount(b base) (string, error) {
	at := path.Join(basesDir, b.id())
	if _, ok := f.mounts.bases[at]; !ok {
		if len(f.mounts.bases) >= maxBases {
			return "", &build.Error{File: basesDir, Err: fmt.Errorf("more than %d remote bases", maxBases)}
		}
		fetched, err := f.fetch(b.repository, b.commit)
		if err != nil {
			return "", fmt.Errorf("fetching the remote base %s at %s: %w", b.repository, b.commit, err)
		}
		f.mounts.bases[at] = sops.Open(fetched, sops.Refuse)
	}
	return path.Join(at, b.dir), nil
}

// id names the folder that shows a base: for people by its address, in truth by a sum.
func (b base) id() string {
	sum := sha256.Sum256([]byte(b.repository + " " + b.commit))
	name := strings.NewReplacer("/", "-", ".", "-", ":", "-").Replace(strings.TrimPrefix(b.repository, "https://"))
	return name + "-" + hex.EncodeToString(sum[:16])
}
