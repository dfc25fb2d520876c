package cache

import (
	"io/fs"
	"path"
	"sync"

	"github.com/towline-dev/towline/reconciler/build"
)

// asked says what a build wanted to know of a name.
type asked uint8

const (
	kind    asked = 1 << iota // whether it exists, and as what
	names                     // what a folder lists
	content                   // a file's bytes, or its size
	link                      // the link itself, not what it leads to
)

// recorder is a file system that notes what is asked of it.
type recorder struct {
	fsys build.Hasher
	dir  string // names are relative to it
	log  *log
}

// log is shared by a recorder and its sub-trees.
type log struct {
	mu    sync.Mutex
	notes map[string]asked
}

var (
	_ fs.ReadFileFS = (*recorder)(nil)
	_ fs.ReadDirFS  = (*recorder)(nil)
	_ fs.StatFS     = (*recorder)(nil)
	_ fs.SubFS      = (*recorder)(nil)
	_ fs.ReadLinkFS = (*recorder)(nil)
)

func newRecorder(fsys build.Hasher) *recorder {
	return &recorder{fsys: fsys, dir: ".", log: &log{notes: map[string]asked{}}}
}

// note gives the name as the whole repository has it.
func (r *recorder) note(name string, what asked) string {
	if !fs.ValidPath(name) {
		return name // the file system refuses it, always
	}
	name = path.Join(r.dir, name)
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	r.log.notes[name] |= what
	return name
}

// Open notes that all of a file or folder was wanted.
func (r *recorder) Open(name string) (fs.File, error) {
	f, err := r.fsys.Open(r.note(name, content))
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		if dir, ok := f.(fs.ReadDirFile); ok {
			return folder{dir, r, r.note(name, names)}, nil
		}
	}
	return f, nil
}

// ReadFile notes that a file's bytes were wanted.
func (r *recorder) ReadFile(name string) ([]byte, error) {
	return fs.ReadFile(r.fsys, r.note(name, content))
}

// ReadDir notes that the names of a folder were wanted.
func (r *recorder) ReadDir(name string) ([]fs.DirEntry, error) {
	whole := r.note(name, names)
	entries, err := fs.ReadDir(r.fsys, whole)
	return r.entries(whole, entries), err
}

// Stat notes what it tells: of a file its size, which comes with the content.
func (r *recorder) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(r.fsys, r.note(name, kind))
	if err == nil && !info.IsDir() {
		r.note(name, content)
	}
	return info, err
}

// Lstat notes that a link itself was looked at.
func (r *recorder) Lstat(name string) (fs.FileInfo, error) {
	return fs.Lstat(r.fsys, r.note(name, link))
}

// ReadLink notes that a link itself was read.
func (r *recorder) ReadLink(name string) (string, error) {
	return fs.ReadLink(r.fsys, r.note(name, link))
}

// Sub gives a folder, which notes into the same log.
func (r *recorder) Sub(dir string) (fs.FS, error) {
	if !fs.ValidPath(dir) {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: fs.ErrInvalid}
	}
	if _, err := r.Stat(dir); err != nil {
		return nil, err
	}
	return &recorder{fsys: r.fsys, dir: path.Join(r.dir, dir), log: r.log}, nil
}

func (r *recorder) entries(dir string, found []fs.DirEntry) []fs.DirEntry {
	noting := make([]fs.DirEntry, len(found))
	for i, e := range found {
		noting[i] = noted{e, r, path.Join(dir, e.Name())}
	}
	return noting
}

// noted notes when its size is looked up, which comes with the content.
type noted struct {
	fs.DirEntry
	recorder *recorder
	name     string
}

// Info gives what fs.DirEntry's does.
func (e noted) Info() (fs.FileInfo, error) {
	if !e.IsDir() {
		e.recorder.log.mu.Lock()
		e.recorder.log.notes[e.name] |= link
		e.recorder.log.mu.Unlock()
	}
	return e.DirEntry.Info()
}

// folder is an open folder.
type folder struct {
	fs.ReadDirFile
	recorder *recorder
	name     string
}

// ReadDir gives what fs.ReadDirFile's does.
func (f folder) ReadDir(n int) ([]fs.DirEntry, error) {
	found, err := f.ReadDirFile.ReadDir(n)
	return f.recorder.entries(f.name, found), err
}
