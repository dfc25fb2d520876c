package build

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Limits bound what one build may read and give. A zero field means its default.
type Limits struct {
	Files     int   // files read; 20,000 by default
	FileBytes int64 // bytes of one file; 10 MiB by default
	Bytes     int64 // bytes of all files together; 100 MiB by default
	Objects   int   // objects given; 20,000 by default
}

// WithDefaults fills the zero fields.
func (l Limits) WithDefaults() Limits {
	if l.Files == 0 {
		l.Files = 20_000
	}
	if l.FileBytes == 0 {
		l.FileBytes = 10 << 20
	}
	if l.Bytes == 0 {
		l.Bytes = 100 << 20
	}
	if l.Objects == 0 {
		l.Objects = 20_000
	}
	return l
}

// Reader reads files of one build within its Limits. It isn't safe for use by
// several goroutines.
type Reader struct {
	fsys   fs.FS
	limits Limits
	files  int
	bytes  int64
}

// NewReader gives a Reader over fsys.
func NewReader(fsys fs.FS, limits Limits) *Reader {
	return &Reader{fsys: fsys, limits: limits.WithDefaults()}
}

// ReadFile gives the bytes of a file, or an *Error when a limit is passed.
func (r *Reader) ReadFile(name string) ([]byte, error) {
	r.files++
	if r.files > r.limits.Files {
		return nil, &Error{File: name, Err: fmt.Errorf("more than %d files to read", r.limits.Files), Hint: "name what isn't a manifest in .towlineignore"}
	}
	f, err := r.fsys.Open(name)
	if err != nil {
		return nil, LinkError(r.fsys, name, place(name, err))
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, r.limits.FileBytes+1))
	if err != nil {
		return nil, place(name, err)
	}
	if int64(len(data)) > r.limits.FileBytes {
		return nil, &Error{File: name, Err: fmt.Errorf("larger than %d bytes", r.limits.FileBytes), Hint: "name what isn't a manifest in .towlineignore"}
	}
	r.bytes += int64(len(data))
	if r.bytes > r.limits.Bytes {
		return nil, &Error{File: name, Err: fmt.Errorf("more than %d bytes to read in all files together", r.limits.Bytes)}
	}
	return data, nil
}

// place gives an error its file where the file itself is to blame. Others, such
// as a failing disk, stay as they are: trying again may help.
func place(name string, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own // the file system tells the place itself, and why
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	for _, own := range []error{fs.ErrNotExist, fs.ErrInvalid, fs.ErrPermission} {
		if errors.Is(err, own) {
			return &Error{File: name, Err: err}
		}
	}
	return fmt.Errorf("reading %q: %w", name, err)
}
