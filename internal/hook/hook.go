// Package hook receives webhooks: it bounds them in number, length and time, checks
// signatures, knows deliveries that come again, and answers. What a body says is for its
// users, one for each kind of sender; nothing here parses one.
package hook

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Result is what became of a request.
type Result string

// The results.
const (
	Accepted     Result = "accepted"
	Ignored      Result = "ignored"      // nothing of interest
	Unauthorized Result = "unauthorized" // the sender didn't show who it is
	Refused      Result = "refused"      // the wrong method or content, too long or too slow
	Malformed    Result = "malformed"    // not of the sender's shape
	Busy         Result = "busy"         // too many at once
)

// Answer is what a request gets. Its text has nothing of the request in it.
type Answer struct {
	Result Result
	Code   int // of HTTP; 204 is sent without the text
	Text   string
}

// Config says how an Endpoint works.
type Config struct {
	// MaxBody is how long a body may be, in bytes. Required.
	MaxBody int64
	// AtOnce is how many bodies are read at a time: a body must be read whole before its
	// signature can be checked, so this bounds the memory that anybody can have us use.
	// Default: 16.
	AtOnce int
	// Timeout is how long a body may take to arrive. Default: 10 s.
	Timeout time.Duration
	// Admit answers what needs no body to be refused; the zero Answer has the body read.
	// Methods other than POST don't come here. Default: everything is admitted.
	Admit func(w http.ResponseWriter, req *http.Request) Answer
	// Tell answers a body, by several goroutines at a time. Required.
	Tell func(w http.ResponseWriter, req *http.Request, body []byte) Answer
	// Observe is called with each answer. Default: nobody.
	Observe func(Answer)
}

const (
	defaultAtOnce  = 16
	defaultTimeout = 10 * time.Second
)

// Endpoint is an http.Handler for webhooks. Of itself it answers 405 to other methods
// than POST, 408 to a body that takes too long, 413 to one that is too long, 400 to one
// that breaks off, and 429 where more come at once than it has memory for.
type Endpoint struct {
	c      Config
	places chan struct{}
}

// New makes an Endpoint.
func New(c Config) (*Endpoint, error) {
	if c.MaxBody <= 0 || c.Tell == nil {
		return nil, errors.New("making a webhook's endpoint: it needs a bound for bodies and somebody to tell of them")
	}
	c.AtOnce = cmp.Or(c.AtOnce, defaultAtOnce)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	if c.Admit == nil {
		c.Admit = func(http.ResponseWriter, *http.Request) Answer { return Answer{} }
	}
	if c.Observe == nil {
		c.Observe = func(Answer) {}
	}
	return &Endpoint{c: c, places: make(chan struct{}, c.AtOnce)}, nil
}

// ServeHTTP implements http.Handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a := e.handle(w, req)
	e.c.Observe(a)
	w.Header().Set("Cache-Control", "no-store")
	if a.Code == http.StatusNoContent {
		w.WriteHeader(a.Code)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.Code)
	_, _ = fmt.Fprintln(w, a.Text) // a sender that went away needs no answer
}

func (e *Endpoint) handle(w http.ResponseWriter, req *http.Request) Answer {
	if a := e.admit(w, req); a.Code != 0 {
		leaveUnread(w)
		return a
	}
	select {
	case e.places <- struct{}{}:
		defer func() { <-e.places }()
	default:
		leaveUnread(w)
		w.Header().Set("Retry-After", "1")
		return Answer{Busy, http.StatusTooManyRequests, "too many at once"}
	}
	body, a := e.read(w, req)
	if a.Code != 0 {
		return a
	}
	return e.c.Tell(w, req, body)
}

func (e *Endpoint) admit(w http.ResponseWriter, req *http.Request) Answer {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return Answer{Refused, http.StatusMethodNotAllowed, "send a webhook by POST"}
	}
	if a := e.c.Admit(w, req); a.Code != 0 {
		return a
	}
	if req.ContentLength > e.c.MaxBody {
		return e.tooLong()
	}
	return Answer{}
}

// leaveUnread has the server answer at once. It would first wait for the end of a short
// body otherwise, to use the connection again.
func leaveUnread(w http.ResponseWriter) { w.Header().Set("Connection", "close") }

// read reads the body, within its bounds of length and time.
func (e *Endpoint) read(w http.ResponseWriter, req *http.Request) ([]byte, Answer) {
	// A socket's deadline is a moment of the real clock. Writers without a socket, such
	// as a test's, have none; their bodies are at hand.
	err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(e.c.Timeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, Answer{Refused, http.StatusInternalServerError, "the connection can't be bounded"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, e.c.MaxBody))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return nil, e.tooLong()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, Answer{Refused, http.StatusRequestTimeout, "the body took too long"}
	}
	if err != nil {
		return nil, Answer{Refused, http.StatusBadRequest, "the body ended early"}
	}
	return body, Answer{}
}

func (e *Endpoint) tooLong() Answer {
	return Answer{Refused, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", e.c.MaxBody)}
}
