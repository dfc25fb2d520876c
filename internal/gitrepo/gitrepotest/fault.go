package gitrepotest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
)

// Fault puts f in front of the server: what it answers (true) the repository
// doesn't. nil takes it away.
func (s *Server) Fault(f func(w http.ResponseWriter, req *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Status answers every request with a status, the first n times.
func Status(n, status int, header http.Header) func(http.ResponseWriter, *http.Request) bool {
	var count atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) bool {
		if count.Add(1) > int64(n) {
			return false
		}
		for name, values := range header {
			w.Header()[name] = values
		}
		http.Error(w, "out of order", status)
		return true
	}
}

// Hang holds every request until the client gives up or release is closed.
func Hang(release <-chan struct{}) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, req *http.Request) bool {
		select {
		case <-release:
		case <-req.Context().Done():
		}
		return true
	}
}

// Cut serves the first n requests whose path ends in suffix with half of the answer,
// then closes the connection. The repository has done what it was asked.
func (s *Server) Cut(n int, suffix string) func(http.ResponseWriter, *http.Request) bool {
	var count atomic.Int64
	return func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, suffix) || count.Add(1) > int64(n) {
			return false
		}
		s.half(w, req)
		return Abort(w, req)
	}
}

// Stall serves the first request whose path ends in suffix with half of the answer,
// closes started, and goes on when release is closed.
func (s *Server) Stall(suffix string, started chan<- struct{}, release <-chan struct{}) func(http.ResponseWriter, *http.Request) bool {
	var done atomic.Bool
	return func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, suffix) || !done.CompareAndSwap(false, true) {
			return false
		}
		rest := s.half(w, req)
		close(started)
		<-release
		_, _ = w.Write(rest) // a client that went away is its own affair
		return true
	}
}

// half sends the first half of the true answer and returns the second.
func (s *Server) half(w http.ResponseWriter, req *http.Request) []byte {
	whole := httptest.NewRecorder()
	s.backend.ServeHTTP(whole, req)
	for name, values := range whole.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(whole.Code)
	body := whole.Body.Bytes()
	_, _ = w.Write(body[:len(body)/2]) // a client that went away is its own affair
	_ = http.NewResponseController(w).Flush()
	return body[len(body)/2:]
}

// Abort closes the connection, whatever was written so far.
func Abort(w http.ResponseWriter, _ *http.Request) bool {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // closing is the fault
	}
	return true
}

// Before calls f once, before the first request whose path ends in suffix is served:
// for a person who pushes at the worst moment.
func Before(suffix string, f func()) func(http.ResponseWriter, *http.Request) bool {
	var done atomic.Bool
	return func(_ http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, suffix) && done.CompareAndSwap(false, true) {
			f()
		}
		return false
	}
}

// tree is the raw form of a Git tree with one entry of any name, for repositories
// that no honest client makes.
func tree(mode, name string, raw []byte) []byte {
	var b bytes.Buffer
	b.WriteString(mode + " " + name)
	b.WriteByte(0)
	b.Write(raw)
	return b.Bytes()
}
