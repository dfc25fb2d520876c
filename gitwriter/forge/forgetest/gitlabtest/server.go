package gitlabtest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/wire"
)

// Server is the forge. Make it with NewServer or Start.
type Server struct {
	config Config
	log    *slog.Logger
	now    func() time.Time
	git    *bare.Git
	api    *http.ServeMux

	mu       sync.Mutex // guards all below, and the projects' state
	base     string
	users    []*user
	projects map[string]*Project // by lower-case path
	lastID   int
	limit    limit
	off      bool

	faults   wire.Faults
	requests wire.Log
}

// NewServer checks the configuration and makes a server without projects. It listens
// nowhere; serve it with net/http.
func NewServer(config Config) (*Server, error) {
	git, err := bare.New(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("starting a forge: %w", err)
	}
	config.Dir = git.Home()
	s := &Server{config: config, log: config.Log, now: config.Now, git: git, projects: map[string]*Project{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	for _, u := range config.Users {
		if u.Username == "" || u.Token.IsZero() {
			return nil, errors.New("starting a forge: a user lacks name or token")
		}
		s.users = append(s.users, &user{User: u, id: s.id()})
	}
	s.api = s.routes()
	return s, nil
}

// SetOff makes the server look switched off: connections are cut without an answer,
// until it is called with false.
func (s *Server) SetOff(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
}

// Inject makes something go wrong until the function it returns is called. Routes are
// such as "POST /api/v4/projects/{id}/merge_requests".
func (s *Server) Inject(f forgetest.Fault) (remove func()) { return s.faults.Inject(f) }

// Requests gives the log of requests, oldest first.
func (s *Server) Requests() []forgetest.Request { return s.requests.Requests() }

// ServeHTTP serves the API and Git.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	off := s.off
	s.mu.Unlock()
	if off {
		wire.Cut(w)
		return
	}
	handler, route := http.Handler(s.api), bare.Route(r)
	if strings.Contains(r.URL.Path, ".git/") && !strings.HasPrefix(r.URL.Path, apiRoot) {
		handler = http.HandlerFunc(s.serveGit)
	} else {
		_, route = s.api.Handler(r)
	}
	s.requests.Serve(w, r, route, s.faults.Handler(route, handler))
	s.log.Debug("served", "method", r.Method, "path", r.URL.Path)
}

// serveGit serves Git over smart HTTP to those who may have it.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	target, ok := bare.Parse(r)
	if !ok {
		http.Error(w, "Please upgrade your git client.", http.StatusForbidden)
		return
	}
	p, status := s.gitAccess(r, target)
	if status != 0 {
		bare.Refuse(w, status)
		return
	}
	if target.Push() && r.Method == http.MethodPost {
		p.push.Lock()
		defer p.push.Unlock()
	}
	err := p.bare.Serve(w, r, target, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		p.refresh()
	})
	if err != nil { // git has told the client in the stream, or the client has left
		s.log.Debug("serving Git", "project", p.path, "service", target.Service, "error", err)
	}
}

// gitAccess finds the project, and the status with which to refuse, or 0.
func (s *Server) gitAccess(r *http.Request, target bare.Target) (*Project, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, known := s.user(r)
	p := s.projects[strings.ToLower(target.Path)]
	switch {
	case !known, who == nil && (target.Push() || p == nil):
		return nil, http.StatusUnauthorized // so that git asks for a password
	case p == nil:
		return nil, http.StatusNotFound
	case target.Push() && who.Level < LevelDeveloper:
		return nil, http.StatusForbidden
	}
	return p, 0
}

// user finds who makes the request: nobody (nil, true) without credentials, and
// (nil, false) when they are wrong. The caller holds the lock.
func (s *Server) user(r *http.Request) (*user, bool) {
	token := r.Header.Get("PRIVATE-TOKEN")
	if scheme, word, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
		token = word
	}
	if _, password, ok := r.BasicAuth(); ok {
		token = password
	}
	if token == "" {
		return nil, r.Header.Get("Authorization") == ""
	}
	for _, u := range s.users {
		if u.Token.Reveal() == token {
			return u, true
		}
	}
	return nil, false
}

// id gives the next number for things that GitLab numbers across the site. The caller
// holds the lock.
func (s *Server) id() int {
	s.lastID++
	return s.lastID
}
