package registrytest

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault is one way to misbehave. Its fields add up: a fault with Wait and
// Status first waits and then answers with that status.
type Fault struct {
	// Kinds are the requests that it strikes. The default is all.
	Kinds []Kind
	// Times is how many requests it strikes before it is used up. The default, 0, is all until ClearFaults.
	Times int
	// Skip is how many fitting requests pass unharmed first. The default is 0.
	Skip int
	// Delay passes before the answer. The default is none.
	Delay time.Duration
	// Wait is called before the answer, and the answer waits for its return: a way
	// to be slow without a clock. Its context ends with the request. The default is nothing.
	Wait func(ctx context.Context)
	// Status is answered instead of the true answer. The default, 0, is the true answer.
	Status int
	// RetryAfter is the header's value: seconds, a date, or rubbish. The default is no header.
	RetryAfter string
	// CutAfter breaks the connection after so many bytes of the true body. The default, 0, is never.
	CutAfter int
	// Handler answers instead of all the above but Delay and Wait. The default is none.
	Handler http.Handler
}

// faults is the list of those in force, and whether the server is there at all.
type faults struct {
	mu   sync.Mutex
	list []*Fault
	off  bool
}

// AddFault makes the server misbehave from now on. The first that fits a request strikes it.
func (s *Server) AddFault(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &f)
}

// ClearFaults makes the server sound again, but doesn't turn it on.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// SetOnline turns the server off and on. While it is off, connections are
// broken without an answer.
func (s *Server) SetOnline(on bool) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.off = !on
}

func (f *faults) serve(w http.ResponseWriter, r *http.Request, kind Kind, sound http.Handler) {
	fault, off := f.strike(kind)
	if off {
		hangUp(w)
		return
	}
	fault.wait(r.Context())
	switch {
	case fault.Handler != nil:
		fault.Handler.ServeHTTP(w, r)
	case fault.Status != 0:
		if fault.RetryAfter != "" {
			w.Header().Set("Retry-After", fault.RetryAfter)
		}
		refuse(w, fault.Status, faultCode(fault.Status), "a fault was asked for")
	case fault.CutAfter > 0:
		cut := &cutWriter{ResponseWriter: w, status: http.StatusOK}
		sound.ServeHTTP(cut, r)
		cut.finish(fault.CutAfter)
	default:
		sound.ServeHTTP(w, r)
	}
}

// strike takes the fault for a request of the kind; the zero Fault when there is none.
func (f *faults) strike(kind Kind) (fault Fault, off bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, candidate := range f.list {
		if len(candidate.Kinds) > 0 && !slices.Contains(candidate.Kinds, kind) {
			continue
		}
		if candidate.Skip > 0 {
			candidate.Skip--
			continue
		}
		fault = *candidate
		if candidate.Times == 1 {
			f.list = slices.Delete(f.list, i, i+1)
		} else if candidate.Times > 1 {
			candidate.Times--
		}
		break
	}
	return fault, f.off
}

func (f Fault) wait(ctx context.Context) {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if f.Wait != nil {
		f.Wait(ctx)
	}
}

func faultCode(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "TOOMANYREQUESTS"
	case status == http.StatusUnauthorized:
		return "UNAUTHORIZED"
	case status == http.StatusForbidden:
		return "DENIED"
	case status == http.StatusNotFound:
		return "NAME_UNKNOWN"
	case status >= http.StatusInternalServerError:
		return "UNAVAILABLE"
	}
	return "UNKNOWN"
}

// hangUp closes the connection without an answer; where the server isn't a
// plain HTTP/1 one and can't, it answers 503.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_ = conn.Close() // to be broken is its purpose
}

// cutWriter keeps an answer back to send its beginning only. net/http closes a
// connection on which fewer bytes were written than Content-Length promised.
type cutWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (w *cutWriter) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter.
func (w *cutWriter) Write(data []byte) (int, error) { return w.body.Write(data) }

func (w *cutWriter) finish(after int) {
	w.Header().Set("Content-Length", strconv.Itoa(w.body.Len()))
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(w.body.Bytes()[:min(after, w.body.Len())]) // the client has gone, if this fails
}
