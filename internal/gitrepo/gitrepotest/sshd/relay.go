package sshd

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Relay passes connections on, and can be told not to.
type Relay struct {
	// Address is host:port, on 127.0.0.1.
	Address string

	to       string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	count  int
	cuts   []int64 // after how many of the server's bytes the next connections end
	mute   bool
	closed bool
	open   map[net.Conn]bool
}

// NewRelay passes connections on to an address until the test ends.
func NewRelay(tb testing.TB, to string) *Relay {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r := &Relay{Address: listener.Addr().String(), to: to, listener: listener, open: map[net.Conn]bool{}}
	r.running.Go(r.accept)
	tb.Cleanup(func() {
		_ = listener.Close()
		r.mu.Lock()
		r.closed = true
		r.mu.Unlock()
		r.Drop()
		r.running.Wait()
	})
	return r
}

// Connections tells how many there were so far.
func (r *Relay) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Open tells how many there are now.
func (r *Relay) Open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open) / 2
}

// Cut ends the next connections, each after so many bytes from the server.
func (r *Relay) Cut(after ...int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cuts = after
}

// Mute passes on nothing any more, on old and new connections, and keeps them open.
func (r *Relay) Mute(mute bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mute = mute
}

// Drop ends all connections.
func (r *Relay) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.open {
		_ = conn.Close()
	}
}

func (r *Relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", r.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		r.pass(client, server)
	}
}

func (r *Relay) pass(client, server net.Conn) {
	limit := int64(-1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	if len(r.cuts) > 0 {
		limit, r.cuts = r.cuts[0], r.cuts[1:]
	}
	r.open[client], r.open[server] = true, true
	end := sync.OnceFunc(func() {
		_, _ = client.Close(), server.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, client)
		delete(r.open, server)
	})
	if r.closed {
		_, _ = client.Close(), server.Close()
	}
	r.running.Go(func() { defer end(); r.copy(server, client, -1) })
	r.running.Go(func() { defer end(); r.copy(client, server, limit) })
}

// copy passes bytes on, at most limit where that isn't negative.
func (r *Relay) copy(to io.Writer, from io.Reader, limit int64) {
	buffer := make([]byte, 32<<10)
	for limit != 0 {
		n, err := from.Read(buffer)
		if limit >= 0 {
			n = min(n, int(limit))
			limit -= int64(n)
		}
		r.mu.Lock()
		mute := r.mute
		r.mu.Unlock()
		if n > 0 && !mute {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
