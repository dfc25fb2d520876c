//go:build !linux

package gitrepo_test

import (
	"errors"
	"syscall"
)

func privateMounts() *syscall.SysProcAttr { return nil }

func mountSmall(string) error { return errors.ErrUnsupported }
