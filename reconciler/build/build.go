// Package build turns a folder of a repository into the objects that a cluster
// must hold. The interface stands here, each way to build in a child package;
// Select chooses between them by what stands in the folder.
//
// A build is a function of the files alone: it reads only through the given
// fs.FS, reaches no network, runs no program, and gives the same objects in the
// same order every time. That is why a failed build isn't tried again until the
// files change. It is bounded (see Limits), because the repository may be hostile.
//
// Documents that are for the bot (ImagePolicy and UpdateConfig of towline.dev/v1)
// are left out: they stand beside the manifests, but aren't objects of a cluster.
package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Builder is one way to turn a folder into objects.
type Builder interface {
	// Detect tells whether dir, a slash path inside fsys, is this Builder's to build.
	Detect(fsys fs.FS, dir string) (bool, error)
	// Build gives the objects of the request's folder. It returns ErrEmpty when there are
	// none, and otherwise errors that hold an *Error wherever a file is to blame.
	Build(ctx context.Context, request Request) ([]*unstructured.Unstructured, error)
}

// Request says what to build.
type Request struct {
	// Files are the whole repository at one commit.
	Files fs.FS
	// Dir is the folder to build, a slash path inside Files.
	Dir string
	// Options come from the Sync.
	Options Options
}

// ErrEmpty says that a folder was built without an error but gave no object at
// all. It is an error because pruning everything is hardly ever what was meant.
var ErrEmpty = errors.New("no objects")

// Error is a build error with its place. Line is 0 where the whole file is meant.
type Error struct {
	File string
	Line int
	Err  error
	Hint string // how to mend it; may be empty
}

// Error gives "file:line: what (hint)".
func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Hint != "" {
		return fmt.Sprintf("%s: %v (%s)", place, e.Err, e.Hint)
	}
	return fmt.Sprintf("%s: %v", place, e.Err)
}

// Unwrap gives the error without its place.
func (e *Error) Unwrap() error { return e.Err }

// IsPermanent tells whether building the same files again would give the same
// error. It is false for errors of reading, such as a damaged mirror.
func IsPermanent(err error) bool {
	if _, ok := errors.AsType[*Error](err); ok {
		return true
	}
	return errors.Is(err, ErrEmpty)
}

// Select gives a Builder that hands a folder to the first of builders that
// detects it as its own.
func Select(builders ...Builder) Builder { return selection(builders) }

type selection []Builder

// Detect tells whether any of the builders takes the folder.
func (s selection) Detect(fsys fs.FS, dir string) (bool, error) {
	b, err := s.find(fsys, dir)
	return b != nil, err
}

// Build builds the folder with the first builder that takes it.
func (s selection) Build(ctx context.Context, request Request) ([]*unstructured.Unstructured, error) {
	dir, err := CleanDir(request.Files, request.Dir)
	if err != nil {
		return nil, err
	}
	request.Dir = dir
	b, err := s.find(request.Files, dir)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, &Error{File: dir, Err: errors.New("no way to build this folder")}
	}
	return b.Build(ctx, request)
}

func (s selection) find(fsys fs.FS, dir string) (Builder, error) {
	for _, b := range s {
		ok, err := b.Detect(fsys, dir)
		if err != nil {
			return nil, err
		}
		if ok {
			return b, nil
		}
	}
	return nil, nil
}

// CleanDir checks that dir is a folder inside fsys and gives its cleaned slash
// path, "." for the root.
func CleanDir(fsys fs.FS, dir string) (string, error) {
	clean := path.Clean(dir)
	if !fs.ValidPath(clean) {
		return "", &Error{File: dir, Err: errors.New("the path leaves the repository")}
	}
	info, err := fs.Stat(fsys, clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &Error{File: clean, Err: fs.ErrNotExist, Hint: "the repository has no such folder at this revision"}
	case err != nil:
		return "", LinkError(fsys, clean, fmt.Errorf("looking at folder %q: %w", clean, err))
	case !info.IsDir():
		return "", &Error{File: clean, Err: errors.New("not a folder"), Hint: "the path of a Sync names a folder, not a file"}
	}
	return clean, nil
}
