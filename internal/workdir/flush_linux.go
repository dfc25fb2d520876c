package workdir

import (
	"errors"

	"golang.org/x/sys/unix"
)

// flush waits until the new files are on the disk, so that after a crash none of the
// files in place is empty. One call a file system is worth hundreds for single files.
func (b *Batch) flush() error {
	var (
		in   folders
		done = map[uint64]bool{}
	)
	defer in.close()
	for _, i := range b.items {
		if done[device(i.like)] {
			continue
		}
		done[device(i.like)] = true
		f, err := in.open(b.dir, i.name)
		if err != nil {
			return err
		}
		err = again(func() error { return unix.Syncfs(int(f.self.Fd())) })
		if err != nil && !errors.Is(err, unix.ENOSYS) {
			return err
		}
	}
	return nil
}
