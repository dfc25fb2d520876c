//go:build unix && !linux

package process

import "syscall"

// attributes put the child into a group of its own. Elsewhere than on Linux
// nothing ends the child of a killed parent but the end of its standard input.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
