package workdir

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// copyAttributes gives a new file the extended attributes of base, the access list
// among them. What may not be set, such as a security module's labels, is left to the
// system; a capability isn't passed on to content that it wasn't given for.
func copyAttributes(file *os.File, f *folder, base string) error {
	fd, err := open(f, base)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }() // it was only read
	list, err := attribute(func(p []byte) (int, error) { return unix.Flistxattr(fd, p) })
	if err != nil || len(list) == 0 {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if name == "security.capability" {
			continue
		}
		value, err := attribute(func(p []byte) (int, error) { return unix.Fgetxattr(fd, name, p) })
		if err != nil {
			return err
		}
		err = unix.Fsetxattr(int(file.Fd()), name, value, 0)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.ENOTSUP) {
			return &os.PathError{Op: "setting the attribute " + name, Path: base, Err: err}
		}
	}
	return nil
}

// attribute reads what tells its size when it is asked with an empty buffer.
func attribute(read func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := read(nil)
		if err == nil && n > 0 {
			buf := make([]byte, n)
			if n, err = read(buf); err == nil {
				return buf[:n], nil
			}
		}
		switch {
		case err == nil, errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENODATA):
			return nil, nil
		case !errors.Is(err, unix.ERANGE): // it grew in between
			return nil, err
		}
	}
}
