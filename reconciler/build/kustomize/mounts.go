package kustomize

import (
	"context"
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

// missingBase says that a build wants a remote base that wasn't fetched yet.
type missingBase struct{ base base }

func (e *missingBase) Error() string {
	return fmt.Sprintf("the remote base %s at %s isn't fetched yet", e.base.repository, e.base.commit)
}

// mount gives the path of a base's folder.
func (f *files) mount(b base) (string, error) {
	if _, ok := f.mounts.bases[b.mount()]; !ok {
		return "", &missingBase{b}
	}
	return path.Join(b.mount(), b.dir), nil
}

// fetch adds a base to those that are there. What it has encrypted isn't opened: the keys
// are the Sync's, for its own repository.
func (b Bases) fetch(ctx context.Context, wanted base, into map[string]fs.FS) error {
	if len(into) >= maxBases {
		return &build.Error{File: wanted.repository, Err: fmt.Errorf("more than %d remote bases", maxBases)}
	}
	fetched, err := b.Fetch(ctx, wanted.repository, wanted.commit)
	if err != nil {
		return fmt.Errorf("fetching the remote base %s at %s: %w", wanted.repository, wanted.commit, err)
	}
	into[wanted.mount()] = sops.Open(fetched, sops.Refuse)
	return nil
}

// mount is the folder that shows a base: named for people by its address, in truth by a sum.
func (b base) mount() string {
	sum := sha256.Sum256([]byte(b.repository + " " + b.commit))
	name := strings.NewReplacer("/", "-", ".", "-", ":", "-").Replace(strings.TrimPrefix(b.repository, "https://"))
	return path.Join(basesDir, name+"-"+hex.EncodeToString(sum[:16]))
}
