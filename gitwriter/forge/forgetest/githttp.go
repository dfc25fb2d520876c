package forgetest

import (
	"net/http"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/bare"
)

// The routes under which faults and the request log know Git's requests.
const (
	RouteGitRefs  = bare.RouteRefs
	RouteGitFetch = bare.RouteFetch
	RouteGitPush  = bare.RoutePush
)

// serveGit serves Git over smart HTTP to those who may have it.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	target, ok := bare.Parse(r)
	if !ok {
		http.Error(w, "Please upgrade your git client.", http.StatusForbidden)
		return
	}
	owner, name, _ := strings.Cut(target.Path, "/")
	repo, user, status := s.gitAccess(r, owner, name, target.Push())
	if status != 0 {
		bare.Refuse(w, status)
		return
	}
	if target.Push() && r.Method == http.MethodPost {
		repo.push.Lock()
		defer repo.push.Unlock()
	}
	err := repo.bare.Serve(w, r, target, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		repo.refresh(user)
	})
	if err != nil { // git has told the client in the stream, or the client has left
		s.log.Debug("serving Git", "repository", repo.FullName(), "service", target.Service, "error", err)
	}
}

// gitAccess finds the repository, and the status with which to refuse, or 0.
func (s *Server) gitAccess(r *http.Request, owner, name string, write bool) (*Repo, *User, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, known := s.user(r)
	repo := s.find(owner, name)
	switch {
	case !known:
		return nil, nil, http.StatusUnauthorized
	case user == nil && (write || repo == nil || repo.private):
		return nil, nil, http.StatusUnauthorized // so that git asks for a password
	case repo == nil || repo.private && user.Permission < PermissionRead:
		return nil, nil, http.StatusNotFound
	case write && user.Permission < PermissionWrite:
		return nil, nil, http.StatusForbidden
	}
	return repo, user, 0
}
