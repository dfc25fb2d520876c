package workdir

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"path"
)

// tree is the directory for reading. It remembers what each file held, for Batch.
type tree struct {
	fs.FS
	dir *Dir
}

// Open opens a file or folder. Links are followed within the directory.
func (t tree) Open(name string) (fs.File, error) {
	f, err := t.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() {
		return f, nil
	}
	s := &seenFile{File: f, name: name, dir: t.dir}
	s.hash.SetSeed(t.dir.seed)
	return s, nil
}

// ReadFile reads a file. Links are followed within the directory.
func (t tree) ReadFile(name string) ([]byte, error) {
	data, err := t.dir.readFile(name)
	if errors.Is(err, errNotRegular) {
		return fs.ReadFile(t.FS, name) // a link, which is never written through
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: cause(err)}
	}
	t.dir.saw(name, t.dir.sum(data))
	return data, nil
}

func (t tree) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(t.FS, name) }
func (t tree) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(t.FS, name) }
func (t tree) Lstat(name string) (fs.FileInfo, error)     { return fs.Lstat(t.FS, name) }
func (t tree) ReadLink(name string) (string, error)       { return fs.ReadLink(t.FS, name) }

// seenFile remembers what was read of it once that is all.
type seenFile struct {
	fs.File
	name string
	dir  *Dir
	hash maphash.Hash
}

func (s *seenFile) Read(p []byte) (int, error) {
	n, err := s.File.Read(p)
	_, _ = s.hash.Write(p[:n]) // it never fails
	if errors.Is(err, io.EOF) {
		s.dir.saw(s.name, sum(s.hash.Sum64()))
	}
	return n, err
}

// readFile reads a regular file by one step from its folder. Files are mostly read
// folder by folder, so the last one is kept open.
func (d *Dir) readFile(name string) ([]byte, error) {
	if !within(name) {
		return nil, fs.ErrInvalid
	}
	d.mu.Lock()
	f, err := d.recent.open(d, name)
	if err == nil {
		f.hold()
	}
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer f.release()
	var r reader
	got, err := r.read(f, path.Base(name))
	if err != nil || got.rest == nil {
		return got.data, err
	}
	var all bytes.Buffer
	_, err = all.ReadFrom(got.rest)
	return all.Bytes(), errors.Join(err, got.rest.Close())
}

// saw remembers what a file held when it was first read: that is what was decided on,
// also where it is read again to be edited.
func (d *Dir) saw(name string, content sum) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, already := d.seen[name]; !already {
		d.seen[name] = content
	}
}

// seenSum tells what a file held when it was first read.
func (d *Dir) seenSum(name string) (sum, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	content, ok := d.seen[name]
	return content, ok
}
