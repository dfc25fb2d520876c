//go:build unix

package workdir

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// read reads a file of the folder. The four calls are made as they are: an os.File for
// each of tens of thousands of small files costs more than to read them.
func (r *reader) read(f *folder, base string) (content, error) {
	fd, err := open(f, base)
	if err != nil {
		return content{}, err
	}
	var stat unix.Stat_t
	if err := again(func() error { return unix.Fstat(fd, &stat) }); err != nil {
		_ = unix.Close(fd)
		return content{}, err
	}
	switch {
	case stat.Mode&unix.S_IFMT != unix.S_IFREG:
		_ = unix.Close(fd)
		return content{}, errNotRegular
	case stat.Size > MaxFile:
		return content{rest: os.NewFile(uintptr(fd), base), size: stat.Size}, nil
	}
	data, err := r.fill(descriptor(fd), stat.Size)
	_ = unix.Close(fd) // it was only read
	return content{data: data, size: stat.Size}, err
}

// enter opens a folder of the folder. It follows no link.
func (f *folder) enter(step string) (*folder, error) {
	name := f.path(step)
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Openat(int(f.self.Fd()), step, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	// Unlike a folder that an os.Root gave, this one doesn't ask for the particulars of
	// each file when it is listed.
	below := &folder{dir: f.dir, name: name, self: os.NewFile(uintptr(fd), name)}
	below.held.Store(1)
	return below, nil
}

// open opens a file of the folder to read. It follows no link, and waits for nobody
// where the file has become a pipe.
func open(f *folder, base string) (fd int, err error) {
	err = again(func() error {
		fd, err = unix.Openat(int(f.self.Fd()), base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		return err
	})
	if errors.Is(err, unix.ELOOP) {
		return -1, errNotRegular
	}
	return fd, err
}

// descriptor reads from an open file.
type descriptor int

func (d descriptor) Read(p []byte) (n int, err error) {
	err = again(func() error {
		n, err = unix.Read(int(d), p)
		return err
	})
	switch {
	case err != nil:
		return 0, &fs.PathError{Op: "read", Err: err}
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// again repeats a call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
