package forgetest

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// call is one request to the API, with what is known of it by then.
type call struct {
	r    *http.Request
	repo *Repo // nil outside /repos
	user *User // nil without credentials
	base string

	maxPerPage int
}

// route is one line of the API. Routes run under the server's lock, one at a time.
type route struct {
	pattern string
	need    Permission // PermissionRead asks for an account, and for no more in a public repository
	serve   func(*call) (answer, error)
}

const repoPath = "/repos/{owner}/{repo}"

func (s *Server) apiRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, list := range [][]route{s.siteRoutes(), repoRoutes(), pullRoutes(), reviewRoutes(), issueRoutes(), labelRoutes(), commentRoutes()} {
		for _, route := range list {
			mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { s.serveAPI(w, r, route) })
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.serveAPI(w, r, route{serve: func(*call) (answer, error) { return answer{}, notFound() }})
	})
	return mux
}

func (s *Server) siteRoutes() []route {
	return []route{
		{"GET /user", PermissionNone, s.getUser},
		{"GET /rate_limit", PermissionNone, s.getRateLimit},
		{"POST /graphql", PermissionNone, s.graphql},
		{"POST /app/installations/{installation_id}/access_tokens", PermissionNone, s.installationToken},
	}
}

// serveAPI does for every route what doesn't depend on it.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, route route) {
	writeJSON(w, s.answer(w, r, route)) // outside the lock: the client may be slow
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, route route) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	w.Header().Set("X-GitHub-Request-Id", strconv.FormatInt(s.id(), 16))
	result, err := s.callAPI(w, r, route)
	if err == nil {
		result, err = s.conditional(r, result, w.Header())
	}
	if err != nil {
		var refused *apiError
		if !errors.As(err, &refused) {
			s.log.Error("serving", "route", route.pattern, "error", err)
			refused = &apiError{status: http.StatusInternalServerError, message: "Server Error"}
		}
		return answer{status: refused.status, body: refused.body(), header: refused.header}
	}
	return result
}

func (s *Server) callAPI(w http.ResponseWriter, r *http.Request, route route) (answer, error) {
	c := &call{r: r, base: s.address(r), maxPerPage: cmp.Or(s.config.MaxPerPage, 100)}
	if r.PathValue("installation_id") == "" {
		user, known := s.user(r)
		if !known {
			return answer{}, &apiError{status: http.StatusUnauthorized, message: "Bad credentials"}
		}
		c.user = user
	}
	if err := s.limits.spend(w.Header(), r.URL.Path, s.now()); err != nil {
		return answer{}, err
	}
	if r.PathValue("owner") != "" {
		c.repo = s.find(r.PathValue("owner"), r.PathValue("repo"))
		if err := allow(c, route.need); err != nil {
			return answer{}, err
		}
		c.repo.refresh(c.user)
	}
	return route.serve(c)
}

// allow refuses in the ways GitHub does: what one may not see isn't there.
func allow(c *call, need Permission) error {
	permission := PermissionNone
	if c.user != nil {
		permission = c.user.Permission
	}
	switch {
	case c.repo == nil, c.repo.private && permission < PermissionRead:
		return notFound()
	case need > PermissionNone && c.user == nil:
		return &apiError{status: http.StatusUnauthorized, message: "Requires authentication"}
	case need >= PermissionWrite && permission < need:
		return &apiError{status: http.StatusForbidden, message: "Resource not accessible by personal access token"}
	}
	return nil
}

// maxBody bounds a request; GitHub's own bound for a pull request's body is 64 KiB.
const maxBody = 1 << 20

// read decodes the request's body.
func (c *call) read(into any) error {
	data, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	if err != nil || len(data) > maxBody {
		return &apiError{status: http.StatusRequestEntityTooLarge, message: "Payload too big"}
	}
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &apiError{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	return nil
}

// pull finds the pull request that the path names.
func (c *call) pull() (*pull, error) {
	number, err := strconv.Atoi(c.r.PathValue("number"))
	if err != nil || c.repo.pullAt(number) == nil {
		return nil, notFound()
	}
	return c.repo.pullAt(number), nil
}

// issue finds the issue or pull request that the path names.
func (c *call) issue() (*issue, error) {
	number, err := strconv.Atoi(c.r.PathValue("number"))
	if err != nil || c.repo.issueAt(number) == nil {
		return nil, notFound()
	}
	return c.repo.issueAt(number), nil
}

func (s *Server) getUser(c *call) (answer, error) {
	if c.user == nil {
		return answer{}, &apiError{status: http.StatusUnauthorized, message: "Requires authentication"}
	}
	return answer{body: c.fullUser(c.user)}, nil
}
