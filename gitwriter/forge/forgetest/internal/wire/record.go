package wire

import (
	"net/http"
	"slices"
	"sync"
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

// Log keeps the requests that were served. The zero value is ready.
type Log struct {
	mu       sync.Mutex
	requests []Request
}

// Requests gives the log, oldest first.
func (l *Log) Requests() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.requests)
}

// Forget empties the log.
func (l *Log) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = nil
}

// Serve serves the request, and puts it into the log before the client has an answer.
func (l *Log) Serve(w http.ResponseWriter, r *http.Request, route string, handler http.Handler) {
	recorder := &recorder{ResponseWriter: w, note: func(status int) { l.record(r, route, status) }}
	handler.ServeHTTP(recorder, r)
	recorder.begin(0)
}

func (l *Log) record(r *http.Request, route string, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, Request{Method: r.Method, Route: route, Path: r.URL.Path, Query: r.URL.RawQuery, Status: status})
	if len(l.requests) > maxRequests {
		l.requests = slices.Delete(l.requests, 0, len(l.requests)-maxRequests)
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

// FlushError notes that there is no answer yet, if there is none: what is flushed before
// is the beginning of a connection that will be cut.
func (r *recorder) FlushError() error {
	r.begin(0)
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
