package reconciler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// errPage is an answer of something that isn't the API server.
var errPage = errors.New("something between us and the API server, perhaps a proxy, answered with a web page")

// bounded ends requests to the API server that it doesn't answer. Connections that are
// dead are noticed below us; a server, or a proxy before it, that takes a request and
// says nothing would hold a worker for ever. Of a watch only the beginning is bounded,
// and its whole where it says how long it wants to be.
type bounded struct {
	next   http.RoundTripper
	within time.Duration
}

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	late := &unanswered{b.within}
	timer := time.AfterFunc(b.within, func() { cancel(late) })
	response, err := b.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		timer.Stop()
		cancel(nil)
		return nil, b.why(ctx, err)
	}
	if kind := response.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
		timer.Stop()
		cancel(nil)
		return nil, errors.Join(errPage, response.Body.Close())
	}
	if request.URL.Query().Has("watch") {
		timer.Stop()
		if seconds, err := strconv.Atoi(request.URL.Query().Get("timeoutSeconds")); err == nil && seconds > 0 {
			timer.Reset(time.Duration(seconds)*time.Second + b.within)
		}
	}
	response.Body = &boundedBody{ReadCloser: response.Body, ctx: ctx, bounded: b, end: func() {
		timer.Stop()
		cancel(nil)
	}}
	return response, nil
}

// why gives the reason for which a request ended: our own bound must not read as the
// caller's.
func (b bounded) why(ctx context.Context, err error) error {
	if late, ok := context.Cause(ctx).(*unanswered); ok { //nolint:errorlint // it is ours, and never wrapped
		return late
	}
	return err
}

// boundedBody is an answer that must have come whole in time.
type boundedBody struct {
	io.ReadCloser
	bounded bounded
	ctx     context.Context //nolint:containedctx // the request's, which lasts until its answer is read
	end     func()
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers give it bare
		err = b.bounded.why(b.ctx, err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *boundedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// unanswered is a request that wasn't answered in time.
type unanswered struct{ within time.Duration }

// Error implements error.
func (u *unanswered) Error() string {
	return fmt.Sprintf("no answer from the API server within %s", u.within)
}

// Timeout tells callers that look for it what kind of error this is.
func (u *unanswered) Timeout() bool { return true }
