package signature

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/towline-dev/towline/registry"
)

// search goes through the signatures of one image. It gathers why they don't
// count, until one does.
type search struct {
	verifier    *Verifier
	image       image
	requirement Requirement

	verdict  *Verdict
	findings []finding
	trouble  error // the first error of the registry that leaves the answer open
}

// finding is why one signature doesn't count.
type finding struct {
	kind error // ErrOthers, ErrInvalid, or ErrUnsigned for what isn't a signature
	text string
}

// reject notes why the signature doesn't count.
func (s *search) reject(kind error, format string, args ...any) {
	s.findings = append(s.findings, finding{kind: kind, text: printable(fmt.Sprintf(format, args...), maxSentence)})
}

// absent tells whether err only says that something isn't there or isn't sound:
// that is a finding. Any other error may hide a signature.
func absent(err error) bool {
	return errors.Is(err, registry.ErrNotFound) || errors.Is(err, registry.ErrBadAnswer) || errors.Is(err, registry.ErrUnsupported)
}

// unread notes that what belongs to a signature couldn't be had, and tells
// whether there is a point in going on.
func (s *search) unread(what string, err error) (goOn bool) {
	if absent(err) {
		s.reject(ErrInvalid, "%s: %v", what, err)
		return true
	}
	if s.trouble == nil {
		s.trouble = fmt.Errorf("%s: %w", what, err)
	}
	return false
}

// bound cuts a list of signatures to what is looked at.
func bound[T any](s *search, list []T, what string) []T {
	limit := s.verifier.config.MaxSignatures
	if len(list) <= limit {
		return list
	}
	s.reject(ErrInvalid, "%d %s, of which only %d are looked at", len(list), what, limit)
	return list[:limit]
}

// failure sums the findings up. A signature of somebody else says more than a
// broken one, and both more than none; but an open question goes before all.
func (s *search) failure() *Error {
	e := &Error{Repository: s.image.repository, Digest: s.image.digest, Required: s.requirement.String(), Err: s.trouble}
	e.kind = ErrUnsigned
	for _, kind := range []error{ErrInvalid, ErrOthers} {
		for _, f := range s.findings {
			if errors.Is(f.kind, kind) {
				e.kind = kind
			}
		}
	}
	if s.trouble != nil {
		e.kind = ErrRegistry
	}
	seen := map[string]bool{}
	for _, f := range s.findings {
		switch {
		case seen[f.text]:
		case len(e.Found) == maxFound:
			e.More++
		default:
			seen[f.text] = true
			e.Found = append(e.Found, f.text)
		}
	}
	return e
}

// holds tells whether the body is what its digest says.
func holds(digest string, body []byte) bool {
	sum := sha256.Sum256(body)
	return digest == "sha256:"+hex.EncodeToString(sum[:])
}
