package testbed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/towline-dev/towline/e2e/testbed/process"
)

// startTimeout bounds how long a server may take until it is ready. They take
// some seconds; a busy machine takes longer.
const startTimeout = 2 * time.Minute

// Server is what all servers have in common: a process with a folder.
type Server struct {
	dir  *stateDir
	spec process.Spec
	// before, where it isn't nil, removes what an earlier run left behind.
	before func() error
	ready  func(context.Context) error
	proc   *process.Process
}

// start runs the process until it is ready.
func (s *Server) start(ctx context.Context) error {
	if s.before != nil {
		if err := s.before(); err != nil {
			return fmt.Errorf("starting %s: %w", s.spec.Name, err)
		}
	}
	proc, err := process.Start(s.spec)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := proc.Await(ctx, s.ready); err != nil {
		proc.Kill()
		return err
	}
	s.proc = proc
	return nil
}

// Log returns the file to which the server writes.
func (s *Server) Log() string { return s.spec.Log }

// PID returns the id of the server's process.
func (s *Server) PID() int { return s.proc.PID() }

// Pause suspends the server: connections stay open and nobody answers.
func (s *Server) Pause() error { return s.proc.Signal(syscall.SIGSTOP) }

// Resume lets a suspended server go on.
func (s *Server) Resume() error { return s.proc.Signal(syscall.SIGCONT) }

// Shutdown ends the server and keeps its state, so that Restart brings it back.
// Until then connections are refused.
func (s *Server) Shutdown() { s.proc.Stop() }

// Crash ends the server as a power failure would, and keeps its state.
func (s *Server) Crash() { s.proc.Kill() }

// Restart ends the server, unless that is done already, and starts it again
// with the same state at the same address.
func (s *Server) Restart(ctx context.Context) error {
	s.proc.Stop()
	return s.start(ctx)
}

// Stop ends the server for good and removes its state, unless that is in a
// folder of the caller's. Calling it again is allowed.
func (s *Server) Stop() error {
	s.proc.Stop()
	return s.dir.remove()
}

// onFreePort calls start with a port of 127.0.0.1 on which nobody listened a
// moment ago, and again with another one where somebody was faster.
func onFreePort(ctx context.Context, start func(address string) error) error {
	const attempts = 5
	var err error
	for range attempts {
		var address string
		if address, err = freeAddress(ctx); err != nil {
			return err
		}
		if err = start(address); !portTaken(err) {
			return err
		}
	}
	return err
}

// portTaken reads what the server wrote to its log before it gave up; Go and
// Node say it in different words.
func portTaken(err error) bool {
	var told *process.LogError
	return errors.As(err, &told) &&
		(strings.Contains(told.Tail, "address already in use") || strings.Contains(told.Tail, "EADDRINUSE"))
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// answers returns a check that is content when the server answers with 200.
func answers(url string) func(context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		if err := response.Body.Close(); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", url, response.Status)
		}
		return nil
	}
}
