package forgetest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"
)

// Fault is something that goes wrong on a route.
type Fault struct {
	// Route is the pattern of the route, such as
	// "POST /repos/{owner}/{repo}/pulls", or one of RouteGitRefs, RouteGitFetch,
	// RouteGitPush; "" means every route.
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

type fault struct {
	Fault
	left int
}

// Inject makes something go wrong until the function it returns is called.
func (s *Server) Inject(f Fault) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	injected := &fault{Fault: f, left: f.Times}
	s.faults = append(s.faults, injected)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(f *fault) bool { return f == injected })
	}
}

// fault takes the first fault that waits for the route.
func (s *Server) fault(route string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Route != "" && f.Route != route {
			continue
		}
		if f.Times > 0 {
			if f.left--; f.left == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return &f.Fault
	}
	return nil
}

// faulty serves with the fault that waits for the route, if any.
func (s *Server) faulty(route string, handler http.Handler) http.Handler {
	f := s.fault(route)
	if f == nil {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.Delay > 0 {
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
		cut(w)
		return
	}
	maps.Copy(w.Header(), truth.Header())
	w.WriteHeader(truth.Code)
	if cutOff {
		_, _ = w.Write(body[:len(body)/2])
		cut(w)
		return
	}
	_, _ = w.Write(body)
}

// cut ends the connection as a server does that dies.
func cut(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.Flush() // what was written before goes out first
	if conn, _, err := control.Hijack(); err == nil {
		_ = conn.Close()
	}
}
