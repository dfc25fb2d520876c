package forgetest

import (
	"net/http"
	"slices"
)

// Request is a line of the request log.
type Request struct {
	Method string
	Route  string // the route's pattern
	Path   string
	Query  string
	Status int // 0 when the connection was cut before an answer
}

// maxRequests bounds the log; older lines go first.
const maxRequests = 10000

// Requests gives the log of requests, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests empties the log.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

func (s *Server) record(r *http.Request, route string, status int) {
	s.log.Debug("served", "method", r.Method, "path", r.URL.Path, "status", status)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{Method: r.Method, Route: route, Path: r.URL.Path, Query: r.URL.RawQuery, Status: status})
	if len(s.requests) > maxRequests {
		s.requests = slices.Delete(s.requests, 0, len(s.requests)-maxRequests)
	}
}

// recorder hears of an answer's status before the client does, so that who has an
// answer finds it in the log.
type recorder struct {
	http.ResponseWriter
	noted bool
	note  func(status int)
}

func (r *recorder) begin(status int) {
	if !r.noted {
		r.noted = true
		r.note(status)
	}
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	r.begin(status)
	r.ResponseWriter.WriteHeader(status)
}

// Write notes that the status is 200 where none was written.
func (r *recorder) Write(data []byte) (int, error) {
	r.begin(http.StatusOK)
	return r.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
