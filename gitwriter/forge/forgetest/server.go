package forgetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/wire"
)

// Server is the forge. Make it with NewServer.
type Server struct {
	config Config
	log    *slog.Logger
	now    func() time.Time
	git    *bare.Git
	api    *http.ServeMux
	pages  *http.ServeMux
	hooks  *deliverer
	key    []byte // signs the pages' forms

	mu     sync.Mutex // guards all below, and the repositories' state
	base   string
	repos  map[string]*Repo // by lower-case "owner/name"
	tokens map[string]*User // by token
	lastID int64
	limits limits
	off    bool

	faults   wire.Faults
	requests wire.Log
}

// NewServer checks the configuration and makes a server without repositories. It
// listens nowhere; serve it with net/http. Close it to stop its webhooks.
func NewServer(config Config) (*Server, error) {
	runner, err := bare.New(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("starting a forge: %w", err)
	}
	config.Dir = runner.Home()
	s := &Server{
		config: config, log: config.Log, now: config.Now, git: runner,
		key:    make([]byte, 32),
		base:   strings.TrimSuffix(config.BaseURL, "/"),
		repos:  map[string]*Repo{},
		tokens: map[string]*User{},
		limits: limits{limit: 5000, remaining: 5000},
	}
	if _, err := rand.Read(s.key); err != nil {
		return nil, fmt.Errorf("starting a forge: %w", err)
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	for _, user := range config.Users {
		if user.Login == "" || user.Token.IsZero() {
			return nil, errors.New("starting a forge: a user lacks login or token")
		}
		s.tokens[user.Token.Reveal()] = &user
	}
	s.hooks = newDeliverer(s.log, config.WebhookTimeout, config.WebhookTries)
	for _, hook := range config.Webhooks {
		s.AddWebhook(hook)
	}
	s.api = s.apiRoutes()
	s.pages = s.pageRoutes()
	return s, nil
}

// Close stops the webhooks' deliveries, and waits until they have stopped.
func (s *Server) Close() { s.hooks.close() }

// Flush waits until all webhooks queued so far are delivered or given up.
func (s *Server) Flush(ctx context.Context) error { return s.hooks.flush(ctx) }

// AddWebhook tells one more receiver, beginning with a ping, as GitHub does.
func (s *Server) AddWebhook(hook Webhook) { s.hooks.add(hook) }

// SetBaseURL says under which address clients reach the server, for the links in
// answers and webhooks, when that wasn't known at NewServer.
func (s *Server) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = strings.TrimSuffix(base, "/")
}

// SetOff makes the server look switched off: connections are cut without an
// answer, until it is called with false.
func (s *Server) SetOff(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
}

// ServeHTTP serves the API, Git and the pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.config.OnRequest != nil {
		s.config.OnRequest(r)
	}
	s.mu.Lock()
	off := s.off
	s.mu.Unlock()
	if off {
		wire.Cut(w)
		return
	}
	handler, route := s.handler(r)
	s.requests.Serve(w, r, route, s.faults.Handler(route, handler))
	s.log.Debug("served", "method", r.Method, "path", r.URL.Path)
}

// handler finds who serves the request, and the name of the route by which
// faults and the request log know it.
func (s *Server) handler(r *http.Request) (http.Handler, string) {
	if strings.Contains(r.URL.Path, ".git/") {
		return http.HandlerFunc(s.serveGit), bare.Route(r)
	}
	const prefix, graphql = "/api/v3", "/graphql"
	if r.URL.Path == "/api"+graphql {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = graphql, ""
	}
	if strings.HasPrefix(r.URL.Path, prefix+"/") {
		r2 := r.Clone(r.Context())
		r2.URL.Path = strings.TrimPrefix(r.URL.Path, prefix)
		r2.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, prefix)
		_, pattern := s.api.Handler(r2)
		return s.apiFor(r2), pattern
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch first {
	case "repos", "app", "user", "rate_limit", "graphql":
		_, pattern := s.api.Handler(r)
		return s.apiFor(r), pattern
	}
	_, pattern := s.pages.Handler(r)
	return s.pages, pattern
}

// apiFor serves a request by another address than the one it came by. What became of its
// body meanwhile stays.
func (s *Server) apiFor(as *http.Request) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		as.Body = r.Body
		s.api.ServeHTTP(w, as)
	})
}

// address is the server's own, for links. The caller holds the lock.
func (s *Server) address(r *http.Request) string {
	switch {
	case s.base != "":
		return s.base
	case r != nil:
		return "http://" + r.Host
	default:
		return "http://localhost"
	}
}

// id gives the next number for things that GitHub numbers across the site. The
// caller holds the lock.
func (s *Server) id() int64 {
	s.lastID++
	return s.lastID
}
