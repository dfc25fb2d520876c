package workdir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

// Batch is new content for several files, which takes its place together: nothing is
// touched before all of it is on the disk.
type Batch struct {
	dir *Dir

	mu    sync.Mutex
	items []item
}

// item is one file with what is to become of it.
type item struct {
	name, base string
	temp       string // beside the file, with the new content
	old        sum    // of the content that the new one was made of
	like       fs.FileInfo
}

// RefusedError says why one file was left as it is. It is no reason to leave others.
type RefusedError struct {
	Name string // from the directory, by slashes
	Why  error
}

// Error returns "name: not written: why".
func (e *RefusedError) Error() string { return e.Name + ": not written: " + e.Why.Error() }

// Unwrap gives the reason.
func (e *RefusedError) Unwrap() error { return e.Why }

// ErrChanged says that a file isn't what it was when it was read.
var ErrChanged = errors.New("it was changed meanwhile")

// ErrReadOnly says that nobody is meant to write a file.
var ErrReadOnly = errors.New("it is read-only")

// errUnread says that it can't be known whether a file still is what it was.
var errUnread = errors.New("it wasn't read before")

// Batch begins a batch. It ends with Commit or Discard.
func (d *Dir) Batch() *Batch { return &Batch{dir: d} }

// Put writes the new content of a file that a walk found, beside it. It may be called
// by the walk's visitor, and by several goroutines. A *RefusedError is about this file
// alone; any other error is one of the disk, and the rest wouldn't fare better.
func (b *Batch) Put(f File, data []byte) error {
	return b.put(f.folder, f.Name, b.dir.sum(f.Data), data)
}

// Replace is Put for a file that was read by the directory's FS.
func (b *Batch) Replace(name string, data []byte) error {
	old, ok := b.dir.seenSum(name)
	if !ok {
		return &RefusedError{name, errUnread}
	}
	f, err := b.dir.folderOf(name)
	if err != nil {
		return fmt.Errorf("writing %s: %w", b.dir.Display(name), cause(err))
	}
	defer f.release()
	return b.put(f, name, old, data)
}

func (b *Batch) put(f *folder, name string, old sum, data []byte) error {
	i := item{name: name, base: baseOf(name), old: old}
	root, err := f.writable()
	if err == nil {
		i.like, err = root.Lstat(i.base)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", b.dir.Display(name), cause(err))
	}
	switch {
	case !i.like.Mode().IsRegular():
		return &RefusedError{name, errNotRegular}
	case i.like.Mode().Perm()&0o222 == 0:
		return &RefusedError{name, ErrReadOnly}
	}
	if i.temp, err = fill(f, i.base, i.like, data); err != nil {
		return fmt.Errorf("writing %s: %w", b.dir.Display(name), cause(err))
	}
	b.mu.Lock()
	b.items = append(b.items, i)
	b.mu.Unlock()
	return nil
}

// Written is what a batch came to.
type Written struct {
	Names []string // of the files that were replaced, sorted
	// Refused are those that were left as they are, by name.
	Refused []*RefusedError
	// Linked are those of Names that had further names (hard links), which keep the
	// content of before.
	Linked []string
}

// Commit puts the files in place, each at once, after all of the new content has
// reached the disk. A file that was changed since it was read is left as it is and
// told of. An error ends it: what Names has was written, everything else is as it was.
func (b *Batch) Commit(ctx context.Context) (w Written, err error) {
	slices.SortFunc(b.items, func(x, y item) int { return cmp.Compare(x.name, y.name) })
	left, refused := b.items, b.items[:0:0]
	defer func() {
		b.items = append(refused, left...)
		err = errors.Join(err, b.Discard())
	}()
	if ctx.Err() != nil {
		return w, context.Cause(ctx)
	}
	if err := b.flush(); err != nil {
		return w, fmt.Errorf("writing the new files to the disk: %w", err)
	}
	var (
		in folders
		r  reader
	)
	defer in.close()
	for ; len(left) > 0; left = left[1:] {
		i := left[0]
		f, err := in.open(b.dir, i.name)
		if err == nil {
			err = place(&r, b.dir, f, i)
		}
		var refusal *RefusedError
		switch {
		case errors.As(err, &refusal):
			refused, w.Refused = append(refused, i), append(w.Refused, refusal)
			continue
		case err != nil:
			return w, b.midway(i, w, err)
		}
		w.Names = append(w.Names, i.name)
		if names(i.like) > 1 {
			w.Linked = append(w.Linked, i.name)
		}
	}
	return w, nil
}

// midway is the error of a disk that fails while files are put in place.
func (b *Batch) midway(i item, w Written, err error) error {
	written := "nothing is written"
	if n := len(w.Names); n > 0 {
		written = fmt.Sprintf("%d of %d files are written, the others are as they were", n, len(b.items))
	}
	return fmt.Errorf("%s: writing %s: %w", written, b.dir.Display(i.name), cause(err))
}

// place gives the file its new content, if it still has the one of before.
func place(r *reader, d *Dir, f *folder, i item) error {
	now, err := f.root.Lstat(i.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &RefusedError{i.name, ErrChanged}
	case err != nil:
		return err
	case !now.Mode().IsRegular() || now.Mode() != i.like.Mode() || now.Size() != i.like.Size():
		return &RefusedError{i.name, ErrChanged}
	}
	got, err := r.read(f, i.base)
	switch {
	case err != nil:
		return err
	case got.rest != nil:
		return errors.Join(&RefusedError{i.name, ErrChanged}, got.rest.Close())
	case d.sum(got.data) != i.old:
		return &RefusedError{i.name, ErrChanged}
	}
	return f.root.Rename(i.temp, i.base)
}

// Discard takes away what was prepared and isn't in place. It does nothing after Commit.
func (b *Batch) Discard() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var (
		in   folders
		errs []error
	)
	defer in.close()
	for _, i := range b.items {
		f, err := in.open(b.dir, i.name)
		if err == nil {
			err = f.root.Remove(i.temp)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("taking away a file that isn't needed: %w", err))
		}
	}
	b.items = nil
	return errors.Join(errs...)
}

// folders keeps the folder of the file before open, which mostly is the next one's too.
type folders struct{ last *folder }

func (c *folders) open(d *Dir, name string) (*folder, error) {
	if c.last != nil && c.last.path(baseOf(name)) == name {
		return c.last, nil
	}
	c.close()
	f, err := d.folderOf(name)
	if err != nil {
		return nil, err
	}
	c.last = f
	return f, nil
}

func (c *folders) close() {
	if c.last != nil {
		c.last.release()
		c.last = nil
	}
}
