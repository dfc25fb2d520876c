package sshclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSaid bounds what is kept of a command's standard error, in bytes.
const maxSaid = 4 << 10

// Command is a program that runs on the host.
type Command struct {
	Stdin  io.WriteCloser
	Stdout io.Reader

	conn    *Conn
	session *ssh.Session
	said    head
	release func()
	wait    func() error
}

// Start runs a command line, which the host's shell takes apart. When ctx ends, the
// connection is closed, which ends everything that waits for the command.
func (c *Conn) Start(ctx context.Context, line string) (*Command, error) {
	starting, cancel := context.WithTimeout(ctx, c.connect)
	defer cancel()
	stop := context.AfterFunc(starting, func() { _ = c.Close() })
	cmd, err := c.start(line)
	if !stop() && starting.Err() != nil {
		return nil, fmt.Errorf("starting the remote command: %w", context.Cause(starting))
	}
	if err != nil {
		return nil, fmt.Errorf("starting the remote command: %w", broken(err))
	}
	done := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() { _ = c.Close() })
	go c.watch(done)
	cmd.release = sync.OnceFunc(func() { unwatch(); close(done) })
	cmd.wait = sync.OnceValue(cmd.end)
	return cmd, nil
}

func (c *Conn) start(line string) (*Command, error) {
	session, err := c.client.NewSession()
	if err != nil {
		return nil, err
	}
	cmd := &Command{conn: c, session: session}
	session.Stderr = &cmd.said
	if cmd.Stdin, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	if cmd.Stdout, err = session.StdoutPipe(); err != nil {
		return nil, err
	}
	return cmd, session.Start(line)
}

// watch asks for signs of life until done: a host that vanished without a word, or a
// router that forgot the connection, would else be found out by the timeout alone.
func (c *Conn) watch(done <-chan struct{}) {
	every := time.NewTicker(c.keepAlive)
	defer every.Stop()
	for {
		select {
		case <-done:
			return
		case <-every.C:
		}
		answered := make(chan error, 1)
		go func() {
			_, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		patience := time.NewTimer(3 * c.keepAlive)
		select {
		case <-done:
			patience.Stop()
			return
		case err := <-answered:
			patience.Stop()
			if err != nil {
				return // whoever reads or writes gets the error too
			}
		case <-patience.C:
			_ = c.Close()
			return
		}
	}
}

// Wait waits for the command's end, once its output has been read. The error is an
// *ExitError, or io.ErrUnexpectedEOF where the connection ended first. It may be
// called again.
func (c *Command) Wait() error { return c.wait() }

func (c *Command) end() error {
	err := c.session.Wait()
	c.release()
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Signal() != "":
		return &ExitError{Signal: exit.Signal(), Said: string(c.said.text)}
	case errors.As(err, &exit):
		return &ExitError{Status: exit.ExitStatus(), Said: string(c.said.text)}
	}
	return fmt.Errorf("waiting for the remote command: %w", broken(err))
}

// Abandon closes the connection and with it the command.
func (c *Command) Abandon() {
	_ = c.conn.Close()
	c.release()
}

// broken gives the library's ways to say that a connection is gone one name.
func broken(err error) error {
	var missing *ssh.ExitMissingError
	if errors.Is(err, io.EOF) || errors.As(err, &missing) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// head keeps the beginning of what is written to it. The library writes to it from
// one goroutine, and is done with that before the command's end is told.
type head struct{ text []byte }

func (h *head) Write(p []byte) (int, error) {
	if room := maxSaid - len(h.text); room > 0 {
		h.text = append(h.text, p[:min(room, len(p))]...)
	}
	return len(p), nil
}
