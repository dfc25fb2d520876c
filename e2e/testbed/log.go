package testbed

import (
	"bytes"
	"net"
	"strings"
	"sync"
)

// Log is what a program under test writes, which can be read meanwhile.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String gives all that was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Lines counts them.
func (l *Log) Lines() int { return strings.Count(l.String(), "\n") }

// FreeAddress gives an address of this machine on which nobody listened a moment ago.
func FreeAddress(tb TB) string {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("finding a free address: %v", err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		tb.Fatalf("finding a free address: %v", err)
	}
	return address
}
