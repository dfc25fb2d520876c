package workdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
)

const (
	// MaxFile is the largest file that a walk hands over whole, in bytes.
	MaxFile = 16 << 20
	// maxFolders is how deep folders may nest. Each one on the way is held open.
	maxFolders = 256
	// chunk is how many files of one folder a worker takes at a time.
	chunk = 64
	// minWorkers keep a disk that has to be waited for busy on a machine of few cores.
	minWorkers = 4
)

// File is a file as a walk found it.
type File struct {
	Name string // from the directory, by slashes
	// Data is the content. It is valid until the visitor returns.
	Data []byte

	folder *folder
}

// Visitor says what a walk reads and is handed what it finds. All functions but Enter
// and Wants are called by several goroutines at a time, in any order. A function that
// is nil isn't called.
type Visitor struct {
	// Enter tells whether to look into a folder; nil is everywhere.
	Enter func(folder string) bool
	// Wants tells by its name whether a file is read; nil is none.
	Wants func(file string) bool
	// Read is handed each file. An error ends the walk.
	Read func(File) error
	// Large is handed each file of more than MaxFile bytes.
	Large func(name string, size int64, content io.Reader) error
	// Link is told of a symbolic link with a name that is wanted, and of what keeps it
	// from leading to something in the tree. Links aren't followed: what they lead to
	// in the tree is found under its own name.
	Link func(name string, err error)
	// Unreadable is told of files and folders that can't be read.
	Unreadable func(name string, err error)
	// Sweep takes away what a run that was killed left behind (see Batch).
	Sweep bool
}

// Walk reads the tree, or the one file that Open was given, with several workers. At
// any time it holds one file a worker, however many there are.
func (d *Dir) Walk(ctx context.Context, v Visitor) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &walk{Visitor: v, dir: d, jobs: make(chan job, 2*minWorkers)}
	var workers sync.WaitGroup
	for range max(minWorkers, runtime.GOMAXPROCS(0)) {
		workers.Go(func() { w.work(ctx, cancel) })
	}
	err := w.start(ctx)
	close(w.jobs)
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// walk is one walk under way.
type walk struct {
	Visitor
	dir  *Dir
	jobs chan job
}

// job is some of a folder's files.
type job struct {
	folder *folder
	names  []string
}

func (w *walk) start(ctx context.Context) error {
	top, err := w.dir.folder(".")
	if err != nil {
		return err
	}
	defer top.release()
	if w.dir.only != "" {
		w.hand(ctx, top, []string{w.dir.only})
		return nil
	}
	return w.list(ctx, top, 0)
}

// list hands a folder's files to the workers and goes on with the folders in it. Only
// of the topmost an error is returned; others are told to the visitor.
func (w *walk) list(ctx context.Context, f *folder, depth int) error {
	entries, err := f.self.ReadDir(-1)
	if err != nil {
		return err
	}
	var files, folders []string
	for _, e := range entries {
		name := f.path(e.Name())
		switch {
		case e.IsDir():
			if w.Enter == nil || w.Enter(name) {
				folders = append(folders, e.Name())
			}
		case e.Type().IsRegular() && w.Sweep && isTemp(e.Name()):
			f.sweep(e.Name())
		case e.Type()&fs.ModeSymlink != 0:
			w.link(name)
		case e.Type().IsRegular() && w.wants(name):
			files = append(files, e.Name())
		}
	}
	w.hand(ctx, f, files)
	for _, step := range folders {
		if ctx.Err() == nil {
			w.descend(ctx, f, step, depth+1)
		}
	}
	return nil
}

func (w *walk) descend(ctx context.Context, above *folder, step string, depth int) {
	name := above.path(step)
	if depth > maxFolders {
		w.unreadable(name, fmt.Errorf("it stands in more than %d folders", maxFolders))
		return
	}
	below, err := above.enter(step)
	if err != nil {
		w.unreadable(name, err)
		return
	}
	defer below.release()
	if err := w.list(ctx, below, depth); err != nil {
		w.unreadable(name, err)
	}
}

// hand gives files to the workers, a few at a time.
func (w *walk) hand(ctx context.Context, f *folder, names []string) {
	for len(names) > 0 {
		n := min(chunk, len(names))
		f.hold()
		select {
		case w.jobs <- job{f, names[:n]}:
		case <-ctx.Done():
			f.release()
			return
		}
		names = names[n:]
	}
}

func (w *walk) wants(name string) bool { return w.Wants != nil && w.Wants(name) }

func (w *walk) unreadable(name string, err error) {
	if w.Unreadable != nil {
		w.Unreadable(name, cause(err))
	}
}

func (w *walk) link(name string) {
	if w.Link == nil || !w.wants(name) {
		return
	}
	_, err := w.dir.root.Stat(name)
	w.Link(name, cause(err))
}

// work reads what the walk finds until there is no more. After an error it only lets
// go of the folders.
func (w *walk) work(ctx context.Context, cancel context.CancelCauseFunc) {
	r := &reader{}
	for j := range w.jobs {
		for _, base := range j.names {
			if ctx.Err() != nil {
				break
			}
			if err := w.read(r, j.folder, base); err != nil {
				cancel(err)
			}
		}
		j.folder.release()
	}
}

// read reads one file and hands it over. A file that went away meanwhile was never there.
func (w *walk) read(r *reader, f *folder, base string) error {
	name := f.path(base)
	got, err := r.read(f, base)
	switch {
	case errors.Is(err, fs.ErrNotExist) && w.dir.only == "":
		return nil
	case err != nil:
		w.unreadable(name, err)
		return nil
	case got.rest != nil:
		defer func() { _ = got.rest.Close() }() // it was only read
		if w.Large == nil {
			return nil
		}
		return w.Large(name, got.size, got.rest)
	case w.Read == nil:
		return nil
	}
	return w.Read(File{Name: name, Data: got.data, folder: f})
}

// cause is an error without the name that the one who is told of it knows.
func cause(err error) error {
	var (
		p *fs.PathError
		l *os.LinkError
	)
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}

// isTemp tells the files that a Batch makes.
func isTemp(base string) bool {
	id, ok := strings.CutPrefix(base, tempPrefix)
	return ok && len(id) == tempLength && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
