package workdir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/towline-dev/towline/internal/workdir"
)

func TestBatchKeepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	write(t, file, "old\n", 0o640)
	if err := os.Chown(file, 12345, 23456); err != nil {
		t.Fatal(err)
	}
	if _, err := replace(t, open(t, dir), "a.yaml").Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid != 12345 || stat.Gid != 23456 || info.Mode() != 0o640 {
		t.Errorf("the file has %v of %+v", info.Mode(), stat)
	}
}

func TestBatchKeepsAttributes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	write(t, file, "old\n", 0o640)
	attributes := map[string]string{
		"user.note": "kept",
		// An access list in the kernel's form: user::rw-, user:12345:r--, group::r--, mask::r--, other::---.
		"system.posix_acl_access": "\x02\x00\x00\x00" + "\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\x39\x30\x00\x00" +
			"\x04\x00\x04\x00\xff\xff\xff\xff" + "\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff",
	}
	for name, value := range attributes {
		if err := unix.Setxattr(file, name, []byte(value), 0); errors.Is(err, unix.ENOTSUP) {
			delete(attributes, name)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := replace(t, open(t, dir), "a.yaml").Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range attributes {
		buf := make([]byte, 1024)
		if n, err := unix.Getxattr(file, name, buf); err != nil || string(buf[:n]) != want {
			t.Errorf("%s is %q, %v", name, buf[:max(n, 0)], err)
		}
	}
}

// An immutable file is one that can be read, but not replaced: the disk fails when the
// file before it is in place already.
func TestCommitTellsWhatWasWrittenWhereItFails(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.yaml", "b.yaml", "c.yaml"} {
		write(t, filepath.Join(dir, name), "old\n", 0o644)
	}
	immutable(t, filepath.Join(dir, "b.yaml"))
	w, err := replace(t, open(t, dir), "a.yaml", "b.yaml", "c.yaml").Commit(t.Context())
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "1 of 3 files are written, the others are as they were: writing "+filepath.Join(dir, "b.yaml")) {
		t.Errorf("Commit gives %v", err)
	}
	if len(w.Names) != 1 || w.Names[0] != "a.yaml" {
		t.Errorf("written are %v", w.Names)
	}
	holds(t, dir, map[string]string{"a.yaml": "new\n", "b.yaml": "old\n", "c.yaml": "old\n"})
}

const immutableFlag = 0x10 // FS_IMMUTABLE_FL of linux/fs.h

// immutable marks a file, which needs root's power over such marks, until the test ends.
func immutable(t *testing.T, name string) {
	t.Helper()
	set := func(flag int) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flag), f.Close())
	}
	if err := set(immutableFlag); err != nil {
		t.Skipf("files can't be marked immutable here: %v", err)
	}
	t.Cleanup(func() {
		if err := set(0); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingIsWrittenOnAFullDisk(t *testing.T) {
	full := t.TempDir()
	if err := unix.Mount("tmpfs", full, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(full, 0); err != nil {
			t.Error(err)
		}
	})
	write(t, filepath.Join(full, "a.yaml"), "old\n", 0o644)
	write(t, filepath.Join(full, "b.yaml"), "old\n", 0o644)
	d, err := workdir.Open(full)
	if err != nil {
		t.Fatal(err)
	}
	b := replace(t, d, "a.yaml", "b.yaml")
	if err := b.Replace("b.yaml", make([]byte, 64<<10)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("writing to a full disk gives %v", err)
	}
	if err := errors.Join(b.Discard(), d.Close()); err != nil {
		t.Error(err)
	}
	holds(t, full, map[string]string{"a.yaml": "old\n", "b.yaml": "old\n"})
}
