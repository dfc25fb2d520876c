package registry_test

import (
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/towline-dev/towline/registry/registrytest"
)

// hanging is a registry whose host takes connections, since the kernel does,
// and answers nothing before it is released. Then nothing is found there.
type hanging struct {
	net.Listener
	asked    chan struct{} // closed at the first connection
	released chan struct{}
	ask      func()
	release  func()
}

// startHanging serves until the end of the test.
func startHanging(t *testing.T) *hanging {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hanging{Listener: l, asked: make(chan struct{}), released: make(chan struct{})}
	h.ask = sync.OnceFunc(func() { close(h.asked) })
	h.release = sync.OnceFunc(func() { close(h.released) })
	server, ended := &http.Server{Handler: http.NotFoundHandler()}, make(chan struct{}) //nolint:gosec // no headers drip here
	go func() {
		defer close(ended)
		_ = server.Serve(h) // always the end of the listener
	}()
	t.Cleanup(func() {
		h.release()
		_ = server.Close() // nothing is kept
		<-ended
	})
	return h
}

// Accept implements net.Listener.
func (h *hanging) Accept() (net.Conn, error) {
	conn, err := h.Listener.Accept()
	if err == nil {
		h.ask()
		<-h.released
	}
	return conn, err
}

func (h *hanging) host() string { return h.Addr().String() }

// healthy is a registry that answers, and tells when all of its repositories
// have been listed.
type healthy struct {
	*registrytest.Server
	all chan struct{}

	mu     sync.Mutex
	listed map[string]bool // by path
}

func startHealthy(t *testing.T) *healthy {
	t.Helper()
	h := &healthy{all: make(chan struct{}), listed: map[string]bool{}}
	h.Server = registrytest.New(t, registrytest.Options{OnRequest: h.see})
	return h
}

func (h *healthy) see(r *http.Request) {
	if kindOf(r.URL.Path) != "list" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listed[r.URL.Path] {
		return
	}
	h.listed[r.URL.Path] = true
	if len(h.listed) == healthyRepositories {
		close(h.all)
	}
}

func (h *healthy) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listed)
}
