package signature

import (
	"fmt"
	"regexp"
	"strings"
)

// Identity says whose keyless signatures are trusted. Make it with NewIdentity;
// the zero Identity fits nobody.
type Identity struct {
	issuer, subject pattern
}

// NewIdentity reads an identity: the issuer is who vouched for the signer
// ("https://token.actions.githubusercontent.com"), the subject whom it vouched
// for: an e-mail address, or the URI of a workflow. Each is exact, or between
// slashes a regular expression (RE2) that must fit the whole of it:
// "/https://github\.com/acme/.+/". Neither may be empty, for anybody may get a
// certificate.
func NewIdentity(issuer, subject string) (Identity, error) {
	i, err := newPattern(issuer)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the issuer %s: %w", quote(issuer), err)
	}
	s, err := newPattern(subject)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the subject %s: %w", quote(subject), err)
	}
	return Identity{issuer: i, subject: s}, nil
}

// String gives both as they were written.
func (i Identity) String() string {
	return fmt.Sprintf("%s (issuer %s)", i.subject.written, i.issuer.written)
}

func (i Identity) matches(issuer, subject string) bool {
	return i.issuer.matches(issuer) && i.subject.matches(subject)
}

// pattern is a text or a regular expression.
type pattern struct {
	written string
	exp     *regexp.Regexp // nil for a text
}

func newPattern(written string) (pattern, error) {
	if len(written) < 2 || !strings.HasPrefix(written, "/") || !strings.HasSuffix(written, "/") {
		if strings.TrimSpace(written) == "" {
			return pattern{}, fmt.Errorf("expecting a text, or a regular expression between slashes")
		}
		return pattern{written: written}, nil
	}
	inner := written[1 : len(written)-1]
	if inner == "" {
		return pattern{}, fmt.Errorf("expecting a regular expression between the slashes")
	}
	// Alone first, or "a)|(b" would come out of its group.
	if _, err := regexp.Compile(inner); err != nil {
		return pattern{}, fmt.Errorf("compiling the regular expression: %w", err)
	}
	exp, err := regexp.Compile(`\A(?:` + inner + `)\z`)
	if err != nil {
		return pattern{}, fmt.Errorf("compiling the regular expression: %w", err)
	}
	return pattern{written: written, exp: exp}, nil
}

// matches never fits an empty text: a certificate without issuer or subject
// vouches for nobody.
func (p pattern) matches(text string) bool {
	switch {
	case p.written == "" || text == "":
		return false
	case p.exp != nil:
		return p.exp.MatchString(text)
	default:
		return p.written == text
	}
}
