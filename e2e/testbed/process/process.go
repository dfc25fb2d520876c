// Package process runs one server of the testbed as a child process, so that
// the child never outlives the process that started it: not when it is
// stopped, not when it panics, and (on Linux) not when it is killed by SIGKILL.
//
// A child writes to a log file, the end of which is part of every error about
// it; it is the leader of a process group of its own, which is killed as a
// whole. This package knows nothing of what the child serves.
package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// defaultGrace is how long a child may take to end by itself.
const defaultGrace = 10 * time.Second

// ErrExited is in the chain of every error that tells that a child ended before
// it was asked to.
var ErrExited = errors.New("the process ended")

// Spec says which program to run, and how.
type Spec struct {
	// Name is what errors call the process.
	Name string
	// Path is the program, Args are its arguments without the program itself.
	Path string
	Args []string
	// Env is the whole environment of the child. Nil means the environment of
	// the parent.
	Env []string
	// Dir is the working folder. Empty means that of the parent.
	Dir string
	// Log is the file that takes standard output and standard error. It is
	// appended to, so that a restart keeps what was said before it.
	Log string
	// Grace is the time between SIGTERM and SIGKILL in Stop. Zero means ten
	// seconds.
	Grace time.Duration
}

// Process is a running child. Its methods may be called from several
// goroutines.
type Process struct {
	spec  Spec
	pid   int
	stdin io.Closer // held open; Wait closes it
	done  chan struct{}
	err   error // what Wait said; to be read after done is closed
	stop  sync.Once
}

// Start runs the program and returns as soon as it runs, which isn't yet when
// it is ready: see Await.
func Start(spec Spec) (*Process, error) {
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", spec.Name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy

	// The life of a child is ended by Stop and by the death of this process,
	// never by a context: the context of a test is done before its clean-up runs.
	cmd := exec.Command(spec.Path, spec.Args...) //nolint:noctx // no context bounds it, and running a given program is what this package is for
	cmd.Dir, cmd.Env = spec.Dir, spec.Env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	// A pipe that is never written to: a child that reads its standard input
	// sees its end when this process dies, on every system.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making the input of %s: %w", spec.Name, err)
	}
	p := &Process{spec: spec, stdin: stdin, done: make(chan struct{})}
	started := make(chan error)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	return p, nil
}

// run starts the child and waits for it on one and the same operating system
// thread: the kernel sends the parent-death signal when the thread that made
// the child ends, so that thread has to live as long as the child does.
func (p *Process) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	p.err = cmd.Wait()
	// Others of the group may be left. The id of the group is theirs as long as
	// they are, so this is the last moment at which it surely means them.
	_ = signalGroup(p.pid, syscall.SIGKILL)
	close(p.done)
}

// PID returns the process id of the child, which is the id of its group too.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Signal sends a signal to the whole group of the child.
func (p *Process) Signal(s syscall.Signal) error {
	if p.ended() {
		return fmt.Errorf("signalling %s: %w", p.spec.Name, ErrExited)
	}
	if err := signalGroup(p.pid, s); err != nil {
		return fmt.Errorf("signalling %s: %w", p.spec.Name, err)
	}
	return nil
}

// ended tells whether the child is gone, and its id perhaps another's by now.
func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Stop ends the child and all of its group: SIGTERM, then SIGKILL after the
// grace time. It returns when the child is gone; calling it again is allowed.
func (p *Process) Stop() {
	p.stop.Do(func() {
		// A suspended child doesn't see SIGTERM before it goes on.
		if p.Signal(syscall.SIGTERM) != nil || p.Signal(syscall.SIGCONT) != nil {
			return // gone already
		}
		timer := time.NewTimer(cmp.Or(p.spec.Grace, defaultGrace))
		defer timer.Stop()
		select {
		case <-p.done:
		case <-timer.C:
			_ = p.Signal(syscall.SIGKILL) // an error means that it is gone
		}
	})
	<-p.done
}

// Kill ends the child and all of its group at once, as a crash would.
func (p *Process) Kill() {
	p.stop.Do(func() {
		_ = p.Signal(syscall.SIGKILL) // an error means that it is gone already
	})
	<-p.done
}

// Await calls probe until it returns nil. It gives up when the child ends and
// when ctx is done; the error then holds what probe said last and the end of
// the child's log.
func (p *Process) Await(ctx context.Context, probe func(context.Context) error) error {
	const first, last = 5 * time.Millisecond, 200 * time.Millisecond
	timer := time.NewTimer(first)
	defer timer.Stop()
	for pause := first; ; pause = min(2*pause, last) {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-p.done:
			return p.Explain(fmt.Errorf("waiting for %s: %w: %w", p.spec.Name, ErrExited, p.exit()))
		case <-ctx.Done():
			return p.Explain(fmt.Errorf("waiting for %s: %w: %w", p.spec.Name, ctx.Err(), err))
		}
	}
}

// exit says how the child ended; Wait has no error for status 0.
func (p *Process) exit() error {
	if p.err == nil {
		return errors.New("exit status 0")
	}
	return p.err
}

// Explain adds the end of the child's log to err.
func (p *Process) Explain(err error) error {
	return &LogError{Err: err, File: p.spec.Log, Tail: tail(p.spec.Log)}
}
