package registry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 10 * time.Second
)

// retry is the only place that tries a request again; go-containerregistry's
// own retry is switched off (see chain), since two rules multiply.
type retry struct {
	next    http.RoundTripper
	retries int
	maxWait time.Duration
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	jitter  func() float64
	log     *slog.Logger
}

// RoundTrip implements http.RoundTripper. When the retries are used up it gives
// the last answer, so that the registry's own words reach the error.
func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	for tried := 0; ; tried++ {
		attempt, err := replay(req, tried)
		if err != nil {
			return nil, err
		}
		resp, err := r.next.RoundTrip(attempt)
		if tried >= r.retries || !transient(req.Context(), resp, err) {
			return resp, err
		}
		wait := spread(min(firstBackoff<<min(tried, 10), maxBackoff), r.jitter)
		if err == nil {
			asked := retryAfter(resp, r.now())
			if asked > r.maxWait {
				return nil, &heldError{host: req.URL.Host, of: anyRequest, status: resp.StatusCode, wait: min(asked, maxHold)}
			}
			wait = max(wait, asked)
		}
		if end, ok := req.Context().Deadline(); ok && time.Until(end) < wait {
			return resp, err
		}
		r.log.DebugContext(req.Context(), "asking the registry again", "host", req.URL.Host, "path", req.URL.Path,
			"tried", tried+1, "wait", wait, "answer", outcome(resp, err))
		if sleepErr := r.sleep(req.Context(), wait); sleepErr != nil {
			return nil, sleepErr
		}
	}
}

// spread gives between half and all of full, so that clients that failed
// together don't come back together.
func spread(full time.Duration, jitter func() float64) time.Duration {
	return time.Duration(float64(full) * (0.5 + 0.5*jitter()))
}

// replay returns the request for a further try. Only token requests have a
// body, and http.NewRequest gives theirs a GetBody.
func replay(req *http.Request, tried int) (*http.Request, error) {
	if tried == 0 || req.Body == nil || req.GetBody == nil {
		return req, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	again := req.Clone(req.Context())
	again.Body = body
	return again, nil
}

func transient(ctx context.Context, resp *http.Response, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if err == nil {
		switch resp.StatusCode {
		case http.StatusTooManyRequests, http.StatusRequestTimeout:
			return true
		case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
			return false
		}
		return resp.StatusCode >= http.StatusInternalServerError
	}
	return transientError(err)
}

// transientError names what a second try can mend. Certificates, unknown host
// names and refusals of our own aren't in it.
func transientError(err error) bool {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsTemporary
	}
	for _, target := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNREFUSED, syscall.ECONNRESET,
		syscall.EPIPE, syscall.ENETUNREACH, syscall.EHOSTUNREACH,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// retryAfter reads how long the answer asks to be left alone (RFC 9110, section
// 10.2.3: seconds or a date); 0 when it doesn't ask or can't be understood.
// Only 429 and 503 can ask.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

func outcome(resp *http.Response, err error) string {
	if err != nil {
		return printable(err.Error())
	}
	return resp.Status
}
