// Package plain builds a folder of plain manifests: every .yaml, .yml and .json
// file below it, in the order of their paths. It renders nothing; it only reads,
// splits and checks.
//
// Files and folders whose name begins with a dot are passed over, and so is what
// a .towlineignore names. Everything else must be a manifest: a file that isn't
// one is an error, because an object that silently isn't applied is worse.
package plain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/build"
)

// Builder builds plain folders. Its zero value has the default limits.
type Builder struct {
	Limits build.Limits
}

// Detect takes every folder, so a plain Builder stands last in a selection.
func (Builder) Detect(fs.FS, string) (bool, error) { return true, nil }

// Build gives the objects of all manifests below dir.
func (b Builder) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	fsys, dir := request.Files, request.Dir
	w := walk{
		fsys:    fsys,
		root:    dir,
		reader:  build.NewReader(fsys, b.Limits),
		objects: build.NewCollector(b.Limits, request.Options),
	}
	err := fs.WalkDir(fsys, dir, func(name string, entry fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.visit(name, entry, err)
	})
	if err != nil {
		return nil, err
	}
	return w.objects.Objects()
}

type walk struct {
	fsys    fs.FS
	root    string
	reader  *build.Reader
	ignore  build.Ignore
	objects *build.Collector
}

func (w *walk) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return fmt.Errorf("reading folder %q: %w", name, err)
	}
	if name != w.root && (strings.HasPrefix(path.Base(name), ".") || w.ignore.Match(name, entry.IsDir())) {
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if entry.IsDir() {
		return w.enter(name)
	}
	if !manifest(name) {
		return nil
	}
	return w.file(name, entry)
}

// enter reads the ignore file of a folder before anything in it is looked at.
func (w *walk) enter(dir string) error {
	data, err := w.reader.ReadFile(path.Join(dir, build.IgnoreFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.ignore.Add(dir, data)
}

func (w *walk) file(name string, entry fs.DirEntry) error {
	if refused := w.refuse(name, entry); refused != nil {
		w.objects.Fail(refused)
		return nil
	}
	data, err := w.reader.ReadFile(name)
	if err != nil {
		return err
	}
	build.Decode(w.objects, name, data)
	return nil
}

// refuse tells why an entry can't be read as a manifest, or nil.
func (w *walk) refuse(name string, entry fs.DirEntry) error {
	if entry.Type()&fs.ModeSymlink != 0 {
		info, err := fs.Stat(w.fsys, name)
		if err != nil {
			return build.LinkError(w.fsys, name, err)
		}
		if info.IsDir() {
			return &build.Error{File: name, Err: errors.New("a symbolic link to a folder isn't followed")}
		}
	}
	if kustomization(name) {
		return &build.Error{File: name, Err: errors.New("a kustomization below a plain folder isn't built"),
			Hint: "give it a Sync of its own, add a kustomization.yaml above it, or name its folder in .towlineignore"}
	}
	return nil
}

func manifest(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return kustomization(name)
}

func kustomization(name string) bool {
	switch path.Base(name) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return true
	}
	return false
}
