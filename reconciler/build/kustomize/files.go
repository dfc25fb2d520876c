package kustomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/towline-dev/towline/reconciler/build"
)

// errReadOnly answers everything that would write.
var errReadOnly = errors.New("the repository is read only")

// files shows an fs.FS to kustomize as the file system "/". It reads nothing
// before it is asked to, and remembers the first error, because kustomize drops
// the errors of files that it tries by several names.
type files struct {
	alive  func() error // the Err of the build's context, for which the interface has no place
	fsys   fs.FS
	mounts *mounts // what fsys is
	bases  Bases
	reader *build.Reader
	read   map[string][]byte // kustomize reads the same file several times
	kinds  int               // how often a kind was named in what was handed out
	limit  int               // the bound of kinds
	// schemas tells whether kustomizations may bring OpenAPI schemas.
	schemas bool
	err     error
}

// kindsPerObject is how often an object's kind may be handed out: a file is read up
// to three times, and a patch names the kind again.
const kindsPerObject = 4

var _ filesys.FileSystem = (*files)(nil)

func newFiles(ctx context.Context, fsys fs.FS, limits build.Limits, bases Bases, fetched map[string]fs.FS) *files {
	m := &mounts{FS: fsys, bases: fetched}
	return &files{
		alive: ctx.Err, fsys: m, mounts: m, bases: bases, reader: build.NewReader(m, limits), read: map[string][]byte{},
		limit: kindsPerObject * limits.WithDefaults().Objects,
	}
}

// count bounds what kustomize is given before it works on it: the time that it takes
// grows with the square of the number of objects, and nothing can stop it on the way.
// Each object has a kind, so the word bounds their number.
func (f *files) count(name string, data []byte) error {
	if f.kinds += bytes.Count(data, []byte("kind")); f.kinds > f.limit {
		return f.fail(&build.Error{File: name, Err: fmt.Errorf("too many objects to render: kinds are named more than %d times", f.limit), Hint: "split the kustomization into several Syncs"})
	}
	return nil
}

// inside gives the path that fs.FS knows.
func inside(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(name)), "/"); name == "" {
		return "."
	}
	return name
}

// ReadFile gives a file's bytes; a kustomization is held against the rules first.
func (f *files) ReadFile(name string) ([]byte, error) {
	if err := f.alive(); err != nil {
		return nil, f.fail(err)
	}
	name = inside(name)
	if data, ok := f.read[name]; ok {
		return slices.Clone(data), f.count(name, data)
	}
	if info, err := fs.Stat(f.fsys, name); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%q is a folder", name)
	}
	data, err := f.reader.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err // asked for by several names, of which one exists
	}
	if err != nil {
		return nil, f.fail(err)
	}
	if slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name)) {
		if data, err = f.vet(name, data); err != nil {
			return nil, f.fail(err)
		}
	} else if err := checkAliases(name, data); err != nil {
		return nil, f.fail(err)
	}
	f.read[name] = data
	return slices.Clone(data), f.count(name, data)
}

func (f *files) fail(err error) error {
	if f.err == nil {
		f.err = err
	}
	return err
}

// syntax gives the errors of the YAML files that were read, with their lines,
// for a build that went wrong.
func (f *files) syntax() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(f.read)) {
		if ext := path.Ext(name); ext == ".yaml" || ext == ".yml" {
			errs = append(errs, build.CheckSyntax(name, f.read[name]))
		}
	}
	return errors.Join(errs...)
}

// Exists tells whether there is such a file or folder.
func (f *files) Exists(name string) bool {
	_, err := fs.Stat(f.fsys, inside(name))
	return err == nil
}

// IsDir tells whether there is such a folder.
func (f *files) IsDir(name string) bool {
	info, err := fs.Stat(f.fsys, inside(name))
	return err == nil && info.IsDir()
}

// ReadDir gives the names in a folder.
func (f *files) ReadDir(name string) ([]string, error) {
	entries, err := fs.ReadDir(f.fsys, inside(name))
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// CleanedAbs splits a path into its folder and file, as the interface asks.
func (f *files) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	rel := inside(name)
	info, err := fs.Stat(f.fsys, rel)
	if err != nil {
		return "", "", fmt.Errorf("looking at %q: %w", rel, err)
	}
	abs := path.Join("/", rel)
	if info.IsDir() {
		return filesys.ConfirmedDir(abs), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(abs)), path.Base(abs), nil
}

// Glob gives the paths that match a pattern.
func (f *files) Glob(pattern string) ([]string, error) {
	found, err := fs.Glob(f.fsys, inside(pattern))
	for i := range found {
		found[i] = path.Join("/", found[i])
	}
	return found, err
}

// Walk calls visit for each file and folder below root.
func (f *files) Walk(root string, visit filepath.WalkFunc) error {
	return fs.WalkDir(f.fsys, inside(root), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return visit(path.Join("/", name), nil, err)
		}
		info, err := entry.Info()
		return visit(path.Join("/", name), info, err)
	})
}

// Open is refused: kustomize reads whole files through ReadFile, where they are checked.
func (*files) Open(string) (filesys.File, error) { return nil, errReadOnly }

// Create is refused.
func (*files) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir is refused.
func (*files) Mkdir(string) error { return errReadOnly }

// MkdirAll is refused.
func (*files) MkdirAll(string) error { return errReadOnly }

// RemoveAll is refused.
func (*files) RemoveAll(string) error { return errReadOnly }

// WriteFile is refused.
func (*files) WriteFile(string, []byte) error { return errReadOnly }
