package signature

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// Config says what signatures are held to. The zero value checks signatures by
// keys, and refuses to check keyless ones.
type Config struct {
	// TrustRoot is a trusted_root.json: the CAs, transparency logs, certificate
	// transparency logs and timestamp authorities that are trusted. The default,
	// none, leaves only keys, and log entries unread.
	TrustRoot []byte
	// LogKeys asks for a transparency log entry of signatures by keys, too. The
	// default is that an entry is checked where there is one and the trust root
	// names a log: one that is wrong, or of a log that it doesn't know, makes the
	// signature invalid.
	LogKeys bool
	// NoLog accepts keyless signatures without a log entry when a timestamp
	// authority vouches for their time, for private services that run no log. The
	// default is to ask for both.
	NoLog bool
	// NoSCT accepts certificates that no certificate transparency log has signed
	// for, for private CAs that run none. The default is to ask for it.
	NoSCT bool
	// MaxSignatures bounds how many signatures of an image are looked at in each
	// format, attestations among them. The default is 64.
	MaxSignatures int
}

const defaultMaxSignatures = 64

// Verifier checks signatures. It is safe for use by many goroutines.
type Verifier struct {
	config Config
	trust  *root.TrustedRoot // nil without one
}

// New checks the configuration and reads the trust root. It asks nobody.
func New(c Config) (*Verifier, error) {
	if c.MaxSignatures < 0 {
		return nil, fmt.Errorf("configuring signatures: MaxSignatures is negative")
	}
	if c.MaxSignatures == 0 {
		c.MaxSignatures = defaultMaxSignatures
	}
	v := &Verifier{config: c}
	if len(c.TrustRoot) == 0 {
		if c.LogKeys {
			return nil, fmt.Errorf("configuring signatures: %w: entries of transparency logs can't be checked without a trust root; %s", ErrConfig, rootHint)
		}
		return v, nil
	}
	trust, err := root.NewTrustedRootFromJSON(c.TrustRoot)
	if err != nil {
		return nil, fmt.Errorf("reading the trust root: %s; expecting a trusted_root.json: %s", printable(err.Error(), maxSentence), rootHint)
	}
	if c.LogKeys && len(trust.RekorLogs()) == 0 {
		return nil, fmt.Errorf("configuring signatures: %w: entries in a transparency log are asked for, and the trust root names none", ErrConfig)
	}
	v.trust = trust
	return v, nil
}

// rootHint says how one comes by a trust root.
const rootHint = "`cosign trusted-root create --with-default-services --out trusted_root.json` writes one for sigstore's public services"

// keyless tells why keyless signatures can't be checked, nil where they can. What
// they are held to must be in the trust root: one that lost its logs isn't to
// make every check weaker.
func (v *Verifier) keyless() error {
	switch {
	case v.trust == nil:
		return fmt.Errorf("%w: without a trust root, only signatures by keys can be checked; %s", ErrConfig, rootHint)
	case len(v.trust.FulcioCertificateAuthorities()) == 0:
		return fmt.Errorf("%w: the trust root names no certificate authority; %s", ErrConfig, rootHint)
	case len(v.trust.RekorLogs()) == 0 && !v.config.NoLog:
		return fmt.Errorf("%w: the trust root names no transparency log, and an entry in one is asked for", ErrConfig)
	case len(v.trust.TimestampingAuthorities()) == 0 && v.config.NoLog:
		return fmt.Errorf("%w: the trust root names no timestamp authority, and no log is asked for", ErrConfig)
	case len(v.trust.CTLogs()) == 0 && !v.config.NoSCT:
		return fmt.Errorf("%w: the trust root names no certificate transparency log, and certificates are to be in one", ErrConfig)
	}
	return nil
}

// Check tells ahead whether signatures can be held to the requirement; the error
// matches ErrConfig.
func (v *Verifier) Check(req Requirement) error {
	if err := req.check(); err != nil || len(req.Identities) == 0 {
		return err
	}
	if err := v.keyless(); err != nil {
		return fmt.Errorf("checking signatures of %s: %w", req.Identities[0], err)
	}
	return nil
}

// Verify looks for a signature of the image that fits the requirement, and ends
// with the first. The digest is the one that the image is deployed by
// ("sha256:…"), an index's where it is one. Every error is an *Error, or matches
// ErrConfig when nothing was asked.
func (v *Verifier) Verify(ctx context.Context, src Source, repository, digest string, req Requirement) (Verdict, error) {
	if err := v.Check(req); err != nil {
		return Verdict{}, fmt.Errorf("verifying %s: %w", quote(repository+"@"+digest), err)
	}
	sum, err := parseDigest(digest)
	if err != nil {
		return Verdict{}, fmt.Errorf("verifying %s: %w", quote(repository), err)
	}
	image := image{source: src, repository: repository, digest: digest, sum: sum}
	search := &search{verifier: v, image: image, requirement: req}
	for _, format := range []func(context.Context){search.bundles, search.signatureTag} {
		if format(ctx); search.verdict != nil {
			return *search.verdict, nil
		}
	}
	return Verdict{}, search.failure()
}

// image is what is asked about.
type image struct {
	source             Source
	repository, digest string
	sum                []byte // the digest's bytes
}

// parseDigest refuses what isn't SHA-256: cosign's tags and statements know
// nothing else.
func parseDigest(digest string) ([]byte, error) {
	text, ok := strings.CutPrefix(digest, "sha256:")
	if sum, err := hex.DecodeString(text); ok && err == nil && len(sum) == 32 && strings.ToLower(text) == text {
		return sum, nil
	}
	return nil, fmt.Errorf("%w: expecting a digest \"sha256:<64 hexadecimal digits>\", found %s", ErrConfig, quote(digest))
}
