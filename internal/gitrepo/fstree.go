package gitrepo

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// tree is a folder of a snapshot as a file system. Its sub-trees keep the whole
// repository behind them, so that links between folders work there too.
type tree struct {
	*snapshot
	dir string
}

var (
	_ fs.ReadFileFS = (*tree)(nil)
	_ fs.ReadDirFS  = (*tree)(nil)
	_ fs.StatFS     = (*tree)(nil)
	_ fs.SubFS      = (*tree)(nil)
	_ fs.ReadLinkFS = (*tree)(nil)
)

func (t *tree) find(op, name string, follow bool) (node, error) {
	if !fs.ValidPath(name) {
		return node{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if err := checkDepth(t.dir, name); err != nil {
		return node{}, &fs.PathError{Op: op, Path: brief(name), Err: err}
	}
	found, _, err := t.walk(path.Join(t.dir, name), follow)
	if err != nil {
		return node{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if name == "." {
		found.name = "."
	} else if follow {
		found.name = path.Base(name) // a link's own name, as os.Stat has it
	}
	return found, nil
}

// Open implements fs.FS.
func (t *tree) Open(name string) (fs.File, error) {
	found, err := t.find("open", name, true)
	if err != nil {
		return nil, err
	}
	info, err := t.info(found)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if info.IsDir() {
		f, err := t.folder(found)
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return &openDir{info: info, entries: t.entries(f)}, nil
	}
	data, err := t.store.blob(found.hash)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &openFile{info: info, Reader: bytes.NewReader(data)}, nil
}

// ReadFile implements fs.ReadFileFS.
func (t *tree) ReadFile(name string) ([]byte, error) {
	found, err := t.find("read", name, true)
	if err == nil && (found.mode == filemode.Dir || found.mode == filemode.Submodule) {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	if err != nil {
		return nil, err
	}
	data, err := t.store.blob(found.hash)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// ReadDir implements fs.ReadDirFS.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	found, err := t.find("readdir", name, true)
	if err == nil && found.mode != filemode.Dir && found.mode != filemode.Submodule {
		err = &fs.PathError{Op: "readdir", Path: name, Err: errNotFolder}
	}
	if err != nil {
		return nil, err
	}
	f, err := t.folder(found)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return t.entries(f), nil
}

// Stat implements fs.StatFS.
func (t *tree) Stat(name string) (fs.FileInfo, error) { return t.stat("stat", name, true) }

// Lstat implements fs.ReadLinkFS.
func (t *tree) Lstat(name string) (fs.FileInfo, error) { return t.stat("lstat", name, false) }

func (t *tree) stat(op, name string, follow bool) (fs.FileInfo, error) {
	found, err := t.find(op, name, follow)
	if err != nil {
		return nil, err
	}
	info, err := t.info(found)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return info, nil
}

// ReadLink implements fs.ReadLinkFS.
func (t *tree) ReadLink(name string) (string, error) {
	found, err := t.find("readlink", name, false)
	if err == nil && found.mode != filemode.Symlink {
		err = &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return "", err
	}
	data, err := t.store.blob(found.hash)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(data), nil
}

// Sub implements fs.SubFS.
func (t *tree) Sub(dir string) (fs.FS, error) {
	if !fs.ValidPath(dir) {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: fs.ErrInvalid}
	}
	found, resolved, err := t.walk(path.Join(t.dir, dir), true)
	if err == nil && found.mode != filemode.Dir {
		err = errNotFolder
	}
	if err != nil {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: err}
	}
	return &tree{snapshot: t.snapshot, dir: resolved}, nil
}

// openFile is a file that was read.
type openFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (*openFile) Close() error                 { return nil }

// openDir is a folder that was read.
type openDir struct {
	info    fs.FileInfo
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (*openDir) Close() error                 { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: errors.New("is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	first := append([]fs.DirEntry(nil), d.entries[:n]...)
	d.entries = d.entries[n:]
	return first, nil
}
