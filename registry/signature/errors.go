package signature

import (
	"errors"
	"fmt"
	"strings"
)

// Why an image isn't accepted, to be asked with errors.Is. An error of Verify
// matches exactly one of them.
var (
	// ErrUnsigned: there is no signature of the image at all. Attestations aren't signatures.
	ErrUnsigned = errors.New("not signed")
	// ErrOthers: the image is signed, but by none of those who are required to.
	ErrOthers = errors.New("signed by others")
	// ErrInvalid: what there is of signatures is broken, altered, incomplete, too
	// large, too much, or belongs to another image.
	ErrInvalid = errors.New("signature invalid")
	// ErrRegistry: the registry couldn't be asked, so nobody knows. The error
	// wraps the Source's.
	ErrRegistry = errors.New("signatures unknown")
	// ErrConfig: what is asked for can't be checked: no key and no identity, or
	// an identity without a trust root.
	ErrConfig = errors.New("unusable requirement")
)

// Error says why an image isn't accepted. Its texts are bounded and printable.
type Error struct {
	// Repository and Digest are the image.
	Repository, Digest string
	// Found says of each signature that was looked at why it doesn't count, up to
	// eight of them.
	Found []string
	// More is how many signatures aren't in Found.
	More int
	// Required says who may sign.
	Required string
	// Err is the Source's error where the registry was in the way, else nil.
	Err error

	kind error
}

const maxFound = 8

// Error gives image, kind and findings in one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "verifying %s: %v", quote(e.Repository+"@"+e.Digest), e.kind)
	e.details(&b)
	return b.String()
}

// Reason says it of the image, as what follows its name: "is not signed; expecting …".
func (e *Error) Reason() string {
	var b strings.Builder
	switch {
	case errors.Is(e.kind, ErrInvalid):
		b.WriteString("has no valid signature")
	case errors.Is(e.kind, ErrRegistry):
		b.WriteString("can't be asked for its signatures")
	default:
		fmt.Fprintf(&b, "is %v", e.kind)
	}
	e.details(&b)
	return b.String()
}

func (e *Error) details(b *strings.Builder) {
	if len(e.Found) > 0 {
		b.WriteString(": " + strings.Join(e.Found, "; "))
	}
	if e.More > 0 {
		fmt.Fprintf(b, "; and %d more", e.More)
	}
	if e.Err != nil {
		b.WriteString(": " + printable(e.Err.Error(), maxSentence))
	}
	if e.Required != "" {
		b.WriteString("; expecting a signature by " + e.Required)
	}
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.Err}
}

// Temporary tells whether asking again later, with nothing changed on our side,
// may help: only where the registry was in the way, and unless its error denies it.
func (e *Error) Temporary() bool {
	if !errors.Is(e.kind, ErrRegistry) {
		return false
	}
	var cause interface{ Temporary() bool }
	return !errors.As(e.Err, &cause) || cause.Temporary()
}
