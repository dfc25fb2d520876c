package gitlabtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	apiRoot      = "/api/v4/"
	projectRoute = apiRoot + "projects/{id}"
	mergeRoute   = projectRoute + "/merge_requests/{iid}"
	issueRoute   = projectRoute + "/issues/{iid}"
)

// call is one request to the API, with what is known of it by then.
type call struct {
	*Server
	r    *http.Request
	p    *Project // nil outside /projects
	user *user    // nil without credentials
}

// route is one line of the API. Routes run under the server's lock, one at a time.
type route struct {
	pattern string
	need    Level
	serve   func(*call) (answer, error)
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, list := range [][]route{siteRoutes(), mergeRoutes(), issueRoutes(), commitRoutes()} {
		for _, route := range list {
			mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route) })
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, route{serve: func(*call) (answer, error) {
			return answer{}, &apiError{http.StatusNotFound, object{"error": "404 Not Found"}}
		}})
	})
	return mux
}

func siteRoutes() []route {
	return []route{
		{"GET " + apiRoot + "users", LevelNone, listUsers},
		{"GET " + projectRoute, LevelNone, getProject},
		{"GET " + projectRoute + "/members/all", LevelNone, listMembers},
		{"GET " + projectRoute + "/milestones", LevelNone, listMilestones},
	}
}

// serve does for every route what doesn't depend on it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, route route) {
	s.mu.Lock()
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	w.Header().Set("X-Request-Id", strconv.Itoa(s.id()))
	result, err := s.call(w, r, route)
	s.mu.Unlock() // the client may be slow
	var refused *apiError
	switch {
	case err == nil:
	case errors.As(err, &refused):
		result = answer{status: refused.status, body: refused.body}
	default:
		s.log.Error("serving", "route", route.pattern, "error", err)
		result = answer{status: http.StatusInternalServerError, body: object{"message": "500 Internal Server Error"}}
	}
	result.write(w)
}

func (s *Server) call(w http.ResponseWriter, r *http.Request, route route) (answer, error) {
	if tooMany, ok := s.limit.spend(w.Header(), s.now()); !ok {
		return tooMany, nil
	}
	who, known := s.user(r)
	if !known {
		return answer{}, refusal(http.StatusUnauthorized, "401 Unauthorized")
	}
	c := &call{Server: s, r: r, user: who}
	if id := r.PathValue("id"); id != "" {
		c.p = s.project(id)
		if c.p == nil {
			return answer{}, refusal(http.StatusNotFound, "404 Project Not Found")
		}
		c.p.refresh()
	}
	if who == nil && r.Method != http.MethodGet {
		return answer{}, refusal(http.StatusUnauthorized, "401 Unauthorized")
	}
	if who != nil && who.Level < route.need {
		return answer{}, refusal(http.StatusForbidden, "403 Forbidden")
	}
	return route.serve(c)
}

// project finds a project by its number or its path.
func (s *Server) project(id string) *Project {
	for _, p := range s.projects {
		if strconv.Itoa(p.id) == id {
			return p
		}
	}
	return s.projects[strings.ToLower(id)]
}

// maxBody bounds a request; a description may have a million characters.
const maxBody = 4 << 20

// read decodes the request's body.
func (c *call) read(into any) error {
	data, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	if err != nil || len(data) > maxBody {
		return refusal(http.StatusRequestEntityTooLarge, "413 Request Entity Too Large")
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &apiError{http.StatusBadRequest, object{"error": "The request body is not valid JSON"}}
	}
	return nil
}

// mergeRequest finds the merge request that the path names.
func (c *call) mergeRequest() (*mergeRequest, error) {
	iid, err := strconv.Atoi(c.r.PathValue("iid"))
	if err != nil || iid < 1 || iid > len(c.p.merges) {
		return nil, refusal(http.StatusNotFound, "404 Not found")
	}
	return c.p.merges[iid-1], nil
}

// object is a JSON object as it goes out.
type object = map[string]any

// answer is what a route answers with.
type answer struct {
	status int // 0 means 200
	body   any
	text   string // in place of a body, as it is
	header http.Header
}

// write sends an answer as a whole, so that its length is told and a cut-off one can
// be known for what it is.
func (a answer) write(w http.ResponseWriter) {
	for key, values := range a.header {
		w.Header()[key] = values
	}
	data, kind := []byte(a.text), "text/plain"
	if a.text == "" {
		var err error
		if data, err = json.Marshal(a.body); err != nil {
			http.Error(w, "encoding the answer", http.StatusInternalServerError)
			return
		}
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(cmp.Or(a.status, http.StatusOK))
	_, _ = w.Write(data)
}

// apiError is a refusal: GitLab says "message" in most places, and "error" where it
// is about parameters.
type apiError struct {
	status int
	body   object
}

func (e *apiError) Error() string { return http.StatusText(e.status) }

func refusal(status int, message any) error { return &apiError{status, object{"message": message}} }
