package registrytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Options says how a Server behaves. The zero value is an open registry that
// pages by what it is asked for.
type Options struct {
	// PageSize is the most tags that one page holds, whatever n asks for. The
	// default, 0, is no bound of the server's own.
	PageSize int
	// AbsoluteLinks makes Link headers absolute URLs instead of paths. The default is false.
	AbsoluteLinks bool
	// IgnorePaging answers every listing whole, unsorted and with a duplicate, as
	// Debian's docker-registry may. The default is false.
	IgnorePaging bool
	// ETags gives each page of a list an ETag, and answers 304 where If-None-Match
	// names it. The default is false.
	ETags bool
	// Username and Password are asked for where they aren't empty. The default is an open registry.
	Username, Password string
	// Token makes the server hand out Bearer tokens at /token, for Username and
	// Password where they are set, else for anyone. The default, false, is Basic.
	Token bool
	// OnEvent is called after each push, by whatever way it came, as a registry's
	// notification would be sent. It must not call back into the Server's Push
	// under a lock of its own. The default is nothing.
	OnEvent func(Event)
	// OnRequest is called before each request is answered. The default is nothing.
	OnRequest func(*http.Request)
}

// Event is a push that the registry has taken.
type Event struct {
	Repository, Tag, Digest string
}

// Server is the registry. Make it with NewServer or New.
type Server struct {
	options Options
	store   http.Handler // go-containerregistry's registry
	index   index
	auth    auth
	counts  counts
	faults  faults

	mu     sync.Mutex
	server *http.Server
	addr   net.Addr
	served chan struct{}
}

// NewServer makes a registry without any image. It starts nothing.
func NewServer(o Options) *Server {
	return &Server{
		options: o,
		store:   registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		index:   index{tags: map[string][]string{}},
		auth:    auth{tokens: map[string]string{}},
		counts:  counts{byKind: map[Kind]int{}},
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := kindOf(r)
	s.counts.add(kind)
	if s.options.OnRequest != nil {
		s.options.OnRequest(r)
	}
	s.faults.serve(w, r, kind, http.HandlerFunc(s.serveSound))
}

// serveSound is the registry without faults.
func (s *Server) serveSound(w http.ResponseWriter, r *http.Request) {
	switch kind := kindOf(r); {
	case kind == KindToken:
		s.serveToken(w, r)
	case !s.allowed(r):
		s.challenge(w, r)
	case kind == KindTags:
		s.serveTags(w, r)
	default:
		s.serveStore(w, r)
	}
}

// Start serves on the listener, which Close closes, until Close is called.
func (s *Server) Start(l net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return errors.New("starting a registry: it has been started already")
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	s.addr, s.served = l.Addr(), make(chan struct{})
	go func(server *http.Server, served chan struct{}) {
		defer close(served)
		_ = server.Serve(l) // always ErrServerClosed, or the listener's end, which clients see
	}(s.server, s.served)
	return nil
}

// Host is the address to write in image names, "127.0.0.1:41234". It is empty before Start.
func (s *Server) Host() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr == nil {
		return ""
	}
	return s.addr.String()
}

// URL is the server's base address, "http://127.0.0.1:41234". It is empty before Start.
func (s *Server) URL() string {
	if h := s.Host(); h != "" {
		return "http://" + h
	}
	return ""
}

// Close stops serving, cuts open connections and waits for the listener's end.
// The images stay; a closed Server can still be used as a handler.
func (s *Server) Close() error {
	s.mu.Lock()
	server, served := s.server, s.served
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	<-served
	return err
}

// TB is the part of testing.TB that New needs; naming it here keeps package
// testing out of programs that use NewServer.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// New starts a registry on a free port of 127.0.0.1 and stops it when the test ends.
func New(tb TB, o Options) *Server {
	tb.Helper()
	s := NewServer(o)
	if err := s.listen(); err != nil {
		tb.Fatalf("starting a registry: %v", err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func (s *Server) listen() error {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening on a free port: %w", err)
	}
	return s.Start(l)
}
