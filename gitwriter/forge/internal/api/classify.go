package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
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
		told := *limited
		told.Op = cmp.Or(told.Op, f.Op) // a quota doesn't know it
		return &told
	}
	if f.Status < 300 {
		return withoutAnswer(f)
	}
	if f.Secondary || quota.Limited(f.Status, f.Header) {
		return &forge.RateLimitError{Op: f.Op, RetryAfter: quota.RetryAfter(f.Header, f.Now), Secondary: !quota.Exhausted(f.Header)}
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
