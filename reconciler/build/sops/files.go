package sops

import (
	"bytes"
	"context"
	"io"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/build"
)

// Wrap gives a builder for which files are opened as they are read, with the keys of
// the request's options. Where there are none, an encrypted file is an error.
func Wrap(b build.Builder) build.Builder { return decrypting{b} }

type decrypting struct{ build.Builder }

// Build builds from the plain text of the request's files.
func (b decrypting) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	request.Files = Open(request.Files, Opener(request.Options))
	return b.Builder.Build(ctx, request)
}

// Opener gives what opens the files of a build: Refuse where there are no keys.
func Opener(options build.Options) func(name string, data []byte) ([]byte, error) {
	if options.Decryption == nil {
		return Refuse
	}
	return options.Decryption.Decrypt
}

// Open gives a file system whose files are opened as they are read.
func Open(fsys fs.FS, open func(name string, data []byte) ([]byte, error)) fs.FS {
	return files{fsys, open}
}

// files is a file system whose files are plain text. Sizes are those of the encrypted
// files.
type files struct {
	fsys fs.FS
	open func(name string, data []byte) ([]byte, error)
}

var (
	_ fs.ReadFileFS = files{}
	_ fs.ReadDirFS  = files{}
	_ fs.StatFS     = files{}
	_ fs.SubFS      = files{}
	_ fs.ReadLinkFS = files{}
)

// maxFile bounds what is looked at. What is larger is handed on as it is, for builders
// to refuse.
const maxFile = 10 << 20

// Open gives a folder, or a file's plain text.
func (f files) Open(name string) (fs.File, error) {
	file, err := f.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // it was only read
		return nil, err
	}
	if info.IsDir() {
		return file, nil
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		_ = file.Close() // it was only read
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	if len(data) > maxFile {
		return plain{file, io.MultiReader(bytes.NewReader(data), file)}, nil
	}
	if data, err = f.open(name, data); err != nil {
		_ = file.Close() // it was only read
		return nil, err
	}
	return plain{file, bytes.NewReader(data)}, nil
}

// plain is an open file with another content.
type plain struct {
	fs.File
	content io.Reader
}

// Read reads the content.
func (p plain) Read(buf []byte) (int, error) { return p.content.Read(buf) }

// ReadFile gives a file's plain text.
func (f files) ReadFile(name string) ([]byte, error) {
	data, err := fs.ReadFile(f.fsys, name)
	if err != nil || len(data) > maxFile {
		return data, err
	}
	return f.open(name, data)
}

// ReadDir lists a folder.
func (f files) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.fsys, name) }

// Stat describes a file as it is stored.
func (f files) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.fsys, name) }

// Lstat describes a link.
func (f files) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(f.fsys, name) }

// ReadLink tells where a link leads.
func (f files) ReadLink(name string) (string, error) { return fs.ReadLink(f.fsys, name) }

// Sub gives a folder.
func (f files) Sub(dir string) (fs.FS, error) {
	sub, err := fs.Sub(f.fsys, dir)
	return files{sub, f.open}, err
}
