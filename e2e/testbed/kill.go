package testbed

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// KillAfter starts a program and kills it, by SIGKILL, after a time, unless it ends well
// before. Any other end is an error.
func KillAfter(cmd *exec.Cmd, after time.Duration) (killed bool, err error) {
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("starting what is to be killed: %w", err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // an error means that it has ended
	err = cmd.Wait()
	timer.Stop()
	switch {
	case err == nil:
		return false, nil
	case BySIGKILL(err):
		return true, nil
	}
	return false, fmt.Errorf("waiting for what was to be killed: %w", err)
}

// BySIGKILL tells whether a program's end, as Wait gives it, came by SIGKILL.
func BySIGKILL(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
