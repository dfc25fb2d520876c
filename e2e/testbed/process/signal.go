package process

import "syscall"

// signalGroup sends a signal to every process of the group that pid leads.
func signalGroup(pid int, s syscall.Signal) error { return syscall.Kill(-pid, s) }
