package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// What went wrong, to be asked with errors.Is. An *Error matches at most one.
var (
	// ErrInvalid: the repository or tag isn't a name that a registry could have. Nothing was sent.
	ErrInvalid = errors.New("not a valid name")
	// ErrNotFound: the registry doesn't know the repository or the tag (404).
	ErrNotFound = errors.New("not found")
	// ErrUnauthorized: credentials are missing, wrong or not enough (401, 403), or
	// couldn't be read. Docker Hub answers so for repositories that don't exist.
	ErrUnauthorized = errors.New("not authorized")
	// ErrRateLimited: the registry asks for fewer requests (429), and did so until
	// the retries were used up, or for longer than Config.MaxWait; or it said earlier
	// that it will take no more for now (RateLimit-Remaining: 0), and nothing was sent.
	ErrRateLimited = errors.New("rate limited")
	// ErrUnavailable: the registry can't be reached, or answers 5xx or too slowly. When
	// it did so many times in a row, calls fail at once for a while (see Client.Hosts).
	ErrUnavailable = errors.New("registry unavailable")
	// ErrBadAnswer: the answer isn't one that a sound registry gives: not JSON, too
	// large, without end, or leading to another host. Asking again won't help.
	ErrBadAnswer = errors.New("unacceptable answer")
	// ErrUnsupported: the registry has it, but it is nothing that this package can
	// read, such as a manifest of Docker's schema 1.
	ErrUnsupported = errors.New("not supported")
)

// Error is what every method of Client and Round returns when it fails.
type Error struct {
	// Op is what was being done, as a gerund: "listing tags".
	Op string
	// Repository is the repository (or repository:tag, or repository@digest) as the caller wrote it.
	Repository string
	// Status is the HTTP status that ended it, 0 when no answer came. For a call
	// that wasn't sent because of an earlier Retry-After, it is that answer's.
	Status int
	// RetryAfter is how long the registry asks to be left alone, or is left alone
	// because of its failures; 0 when neither is so.
	RetryAfter time.Duration
	// Err is the cause. Its text may hold what the server sent; Error bounds it.
	Err error

	kind error
}

// maxMessage bounds, in runes, how much of a cause's text gets into a message:
// a hostile server writes part of it.
const maxMessage = 300

// Error gives operation, repository and cause in one printable line.
func (e *Error) Error() string {
	return fmt.Sprintf("%s of %q: %s", e.Op, e.Repository, printable(e.cause()))
}

// Unwrap gives the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.kind == nil {
		return []error{e.Err}
	}
	return []error{e.kind, e.Err}
}

// Temporary tells whether asking again later, with nothing changed on our side, may help.
func (e *Error) Temporary() bool {
	return errors.Is(e.kind, ErrRateLimited) || errors.Is(e.kind, ErrUnavailable)
}

func (e *Error) cause() string {
	var places placesError
	if !errors.As(e.Err, &places) {
		return inShort(e.Err)
	}
	var b strings.Builder
	for i, place := range places {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", place.host, cut(inShort(place.err), maxMessage/len(places)))
	}
	return b.String()
}

// inShort is the error's text; of an error document of the registry, what matters of it.
func inShort(err error) string {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return err.Error()
	}
	text := fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	for _, d := range answer.Errors {
		if len(text) > 4*maxMessage { // the rest would be cut off; a server can send thousands
			break
		}
		text += fmt.Sprintf("; %s: %s", d.Code, d.Message)
	}
	return text
}

// failure makes an *Error of whatever go-containerregistry or one of the
// transports returned. ctx is the caller's own: when it has ended, that is the
// cause, whatever the libraries made of it.
func failure(ctx context.Context, op, repository string, err error) *Error {
	e := &Error{Op: op, Repository: repository, Err: err}
	if cause := context.Cause(ctx); cause != nil {
		e.Err = cause
		return e
	}
	var held *heldError
	if errors.As(err, &held) {
		e.RetryAfter, e.Status = held.wait, held.status
	}
	var broken *brokenError
	if errors.As(err, &broken) {
		e.RetryAfter = broken.wait
	}
	var answer *transport.Error
	if errors.As(err, &answer) {
		e.Status = answer.StatusCode
	}
	e.kind = kindOf(err, e.Status)
	return e
}

func kindOf(err error, status int) error {
	for _, kind := range []error{ErrInvalid, ErrUnauthorized, ErrBadAnswer, ErrUnsupported} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	var network *url.Error
	var held *heldError
	var broken *brokenError
	switch {
	case errors.As(err, &held) && held.status == 0:
		return ErrRateLimited
	case errors.As(err, &broken):
		return ErrUnavailable
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ErrUnauthorized
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		return ErrUnavailable
	case status == 0 && (errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)):
		return ErrUnavailable
	default:
		return ErrBadAnswer
	}
}

// printable makes one line of text that is safe on a terminal and in a log.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, cut(text, maxMessage))
}

// cut shortens text to n runes, and says so.
func cut(text string, n int) string {
	for at := range text {
		if n--; n < 0 {
			return text[:at] + "…"
		}
	}
	return text
}
