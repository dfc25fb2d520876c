// Package wire is what test forges have in common on the wire: faults on demand, a log
// of requests, and answers that are cut off.
package wire

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong on a route.
type Fault struct {
	// Route is the pattern of the route, such as
	// "POST /repos/{owner}/{repo}/pulls", or one of Git's ("GIT info/refs",
	// "GIT git-upload-pack", "GIT git-receive-pack"); "" means every route.
	Route string
	// Times is how often it happens; 0 means until it is removed.
	Times int
	// Delay passes before anything else happens, or until the client leaves.
	Delay time.Duration
	// AfterEffect lets the request take effect before its answer is spoilt.
	AfterEffect bool
	// Status is answered in place of the true answer; 0 answers truly.
	Status int
	// Header goes with Status.
	Header http.Header
	// Body goes with Status.
	Body string
	// Cut ends the connection in the middle of the answer.
	Cut bool
}

// maxBody bounds what of a request waits with it.
const maxBody = 1 << 30

type fault struct {
	Fault
	left int
}

// Faults are what goes wrong at the moment. The zero value is ready.
type Faults struct {
	mu      sync.Mutex
	waiting []*fault
}

// Inject makes something go wrong until the function it returns is called.
func (s *Faults) Inject(f Fault) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	injected := &fault{Fault: f, left: f.Times}
	s.waiting = append(s.waiting, injected)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waiting = slices.DeleteFunc(s.waiting, func(f *fault) bool { return f == injected })
	}
}

// next takes the first fault that waits for the route.
func (s *Faults) next(route string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.waiting {
		if f.Route != "" && f.Route != route {
			continue
		}
		if f.Times > 0 {
			if f.left--; f.left == 0 {
				s.waiting = slices.Delete(s.waiting, i, i+1)
			}
		}
		return &f.Fault
	}
	return nil
}

// Handler serves with the fault that waits for the route, if any.
func (s *Faults) Handler(route string, handler http.Handler) http.Handler {
	f := s.next(route)
	if f == nil {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.Delay > 0 {
			// Only once the body is read does net/http notice that a client has left.
			body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
			if err != nil {
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			timer := time.NewTimer(f.Delay)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
				return
			}
		}
		truth := httptest.NewRecorder()
		if f.AfterEffect || f.Status == 0 {
			handler.ServeHTTP(truth, r)
		}
		if f.Status != 0 {
			truth = httptest.NewRecorder()
			maps.Copy(truth.Header(), f.Header)
			truth.WriteHeader(f.Status)
			_, _ = truth.WriteString(f.Body)
		}
		spoil(w, truth, f.Cut)
	})
}

func spoil(w http.ResponseWriter, truth *httptest.ResponseRecorder, cutOff bool) {
	body := truth.Body.Bytes()
	if cutOff && len(body) < 2 {
		Cut(w)
		return
	}
	maps.Copy(w.Header(), truth.Header())
	w.WriteHeader(truth.Code)
	if cutOff {
		_, _ = w.Write(body[:len(body)/2])
		Cut(w)
		return
	}
	_, _ = w.Write(body)
}

// Cut ends the connection as a server does that dies.
func Cut(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.Flush() // what was written before goes out first
	if conn, _, err := control.Hijack(); err == nil {
		_ = conn.Close()
	}
}
