package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Failure is a call that didn't work out, in the terms that every SDK offers.
type Failure struct {
	Op        string // a gerund with its operand
	Status    int    // 0 when there was no answer
	Header    http.Header
	Message   string    // the server's words, if the SDK has them apart
	Err       error     // what the SDK returned; not nil
	Secondary bool      // the SDK knows it for a secondary rate limit
	Now       time.Time // stands in for the answer's Date header
}

// Classify makes the error that adapters return. Nothing of the SDK's error is
// wrapped, because SDKs put requests into theirs; its words are kept where the
// server gave no answer.
func Classify(ctx context.Context, f Failure) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return &forge.Error{Op: f.Op, Err: ctxErr}
	}
	// What a helper has classified already keeps its finer words.
	var known *forge.Error
	if errors.As(f.Err, &known) {
		return known
	}
	var limited *forge.RateLimitError
	if errors.As(f.Err, &limited) {
		return limited
	}
	if f.Status < 300 {
		return withoutAnswer(f)
	}
	tooMany := f.Status == http.StatusTooManyRequests || f.Secondary ||
		f.Status == http.StatusForbidden && (f.Header.Get("Retry-After") != "" || exhausted(f.Header))
	if tooMany {
		return &forge.RateLimitError{Op: f.Op, RetryAfter: retryAfter(f), Secondary: !exhausted(f.Header)}
	}
	return &forge.Error{Op: f.Op, Status: f.Status, Message: forge.OneLine(f.Message), Err: byStatus(f.Status)}
}

// withoutAnswer covers broken connections, and answers of 2xx that can't be
// read: a proxy's login page, or one cut off where the length wasn't told.
func withoutAnswer(f Failure) error {
	cause := forge.ErrUnavailable
	var foreign *ForeignOriginError
	var large *TooLargeError
	if errors.As(f.Err, &foreign) || errors.As(f.Err, &large) {
		cause = forge.ErrInvalid
	}
	return &forge.Error{Op: f.Op, Message: forge.OneLine(f.Err.Error()), Err: cause}
}

func byStatus(status int) error {
	switch status {
	case http.StatusUnauthorized:
		return forge.ErrUnauthorized
	case http.StatusForbidden:
		return forge.ErrForbidden
	case http.StatusNotFound, http.StatusGone:
		return forge.ErrNotFound
	case http.StatusConflict:
		return forge.ErrExists
	case http.StatusNotImplemented:
		return forge.ErrUnsupported
	}
	if status >= 500 || status == http.StatusRequestTimeout {
		return forge.ErrUnavailable
	}
	return forge.ErrInvalid
}

func exhausted(header http.Header) bool {
	return header.Get("X-RateLimit-Remaining") == "0"
}

// Bounds of what a server may make us wait, and what it makes us wait when it
// doesn't say: GitHub asks for a minute after a secondary limit without
// Retry-After ("Rate limits for the REST API", docs.github.com).
const (
	minWait     = time.Second
	maxWait     = 24 * time.Hour
	unknownWait = time.Minute
)

// retryAfter reads the wait from the answer. A moment is taken relative to the
// server's own clock where the answer tells it, since ours may be off.
func retryAfter(f Failure) time.Duration {
	now := f.Now
	if date, err := http.ParseTime(f.Header.Get("Date")); err == nil {
		now = date
	}
	wait := unknownWait
	header := f.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	} else if reset, err := strconv.ParseInt(f.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil && exhausted(f.Header) {
		wait = time.Unix(reset, 0).Sub(now)
	}
	return min(max(wait, minWait), maxWait)
}
