package forge

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What went wrong, as far as callers tell cases apart. Adapters wrap them in an
// *Error; find them by errors.Is.
var (
	// ErrNotFound: there is no such thing, or the credential may not see it;
	// servers don't let on which.
	ErrNotFound = errors.New("not found")
	// ErrExists: such a pull request is open already.
	ErrExists = errors.New("already exists")
	// ErrUnauthorized: the server doesn't know the credential.
	ErrUnauthorized = errors.New("credential refused")
	// ErrForbidden: the credential is known but may not do this.
	ErrForbidden = errors.New("not allowed")
	// ErrInvalid: the server understood the request and refused its content.
	ErrInvalid = errors.New("request refused")
	// ErrUnavailable: the server couldn't be reached, broke off, or answered 5xx.
	ErrUnavailable = errors.New("forge unavailable")
	// ErrNotReady: the head has moved, or the forge's rules stand against a merge.
	ErrNotReady = errors.New("not ready to be merged")
	// ErrUnsupported: this forge has no such thing at all (package plain).
	ErrUnsupported = errors.New("not supported by this forge")
)

// Error is a failed call. It never holds a credential or a request's body.
type Error struct {
	Op      string // a gerund with its operand: "creating a pull request from \"x\""
	Status  int    // the HTTP status; 0 when there was no answer
	Message string // the server's own words, cut to one short line
	Err     error  // one of the sentinels above, or what lies below them
}

// Error tells what was done, what came of it, and in brackets the server's words.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v", e.Op, e.Err)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d", e.Status)
		if e.Message != "" {
			fmt.Fprintf(&b, ": %s", e.Message)
		}
		b.WriteString(")")
	} else if e.Message != "" {
		fmt.Fprintf(&b, " (%s)", e.Message)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary tells whether the same call may succeed later by itself.
func (e *Error) Temporary() bool { return errors.Is(e.Err, ErrUnavailable) }

// RateLimitError says that the server wants no more calls for a while.
type RateLimitError struct {
	Op         string
	RetryAfter time.Duration // from when the answer came; at least a second
	Secondary  bool          // GitHub's limit on bursts, not the hourly one
}

// Error tells what was done and how long to wait.
func (e *RateLimitError) Error() string {
	kind := "rate limit"
	if e.Secondary {
		kind = "secondary rate limit"
	}
	return fmt.Sprintf("%s: %s reached, next try in %s", e.Op, kind, e.RetryAfter.Round(time.Second))
}

// Temporary is always true.
func (*RateLimitError) Temporary() bool { return true }

// Temporary tells whether err, or anything it wraps, says that the call may
// succeed later without anybody changing anything.
func Temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// maxMessage bounds what is kept of a server's words: enough for GitHub's
// longest validation message, too little to flood a log.
const maxMessage = 300

// OneLine makes a server's message fit for an error: control characters and
// line ends become blanks, and it is cut at 300 bytes.
func OneLine(message string) string {
	message = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, message)
	return Shorten(strings.Join(strings.Fields(message), " "), maxMessage)
}

// Shorten cuts text to at most limit bytes, ending in "…" where it cut, and
// never inside a rune.
func Shorten(text string, limit int) string {
	const ellipsis = "…"
	if len(text) <= limit {
		return text
	}
	if limit < len(ellipsis) {
		return ""
	}
	cut := limit - len(ellipsis)
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + ellipsis
}
