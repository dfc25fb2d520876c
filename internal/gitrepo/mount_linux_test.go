package gitrepo_test

import "syscall"

// privateMounts gives a child mounts of its own.
func privateMounts() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
}

// mountSmall mounts a disk of 8 MiB.
func mountSmall(dir string) error { return syscall.Mount("towline", dir, "tmpfs", 0, "size=8m") }
