package signature

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// candidate is what poses as a signature of the image.
type candidate struct {
	format Format
	// byKey and byCertificate are its forms: checked by a key that we hold, or by
	// the certificate that it brings. One of them may be nil.
	byKey, byCertificate verify.SignedEntity
	// artifact says what must have been signed. It is asked for anew for each
	// check, since readers end.
	artifact func() verify.ArtifactPolicyOption
}

func overText(text []byte) func() verify.ArtifactPolicyOption {
	return func() verify.ArtifactPolicyOption { return verify.WithArtifact(bytes.NewReader(text)) }
}

func overDigest(sum []byte) func() verify.ArtifactPolicyOption {
	return func() verify.ArtifactPolicyOption { return verify.WithArtifactDigest("sha256", sum) }
}

// strict is a signature without its bundle's version. Knowing that, sigstore-go
// would also try SHA-256 where a certificate's curve asks for more, and say so on
// standard error. Of the clients that still sign so none makes such curves itself.
type strict struct{ verify.SignedEntity }

// Version implements verify.VersionProvider.
func (strict) Version() (string, error) { return "", nil }

// signPredicate is the type of the statement that cosign makes of a signature.
// Other statements (provenance, scans, bills of materials) say something about
// an image, and often nothing good.
const signPredicate = "https://sigstore.dev/cosign/sign/v1"

// bundleCandidate reads a bundle. It returns nil, with the reason noted, for one
// that isn't a signature of the image.
func (s *search) bundleCandidate(ctx context.Context, text []byte) *candidate {
	b, err := parseBundle(text)
	if err != nil {
		s.reject(ErrInvalid, "%v", err)
		return nil
	}
	content, err := b.VerificationContent()
	if err != nil {
		s.reject(ErrInvalid, "a bundle that says nothing about its signer: %v", err)
		return nil
	}
	c := candidate{format: Bundle}
	if content.Certificate() != nil {
		c.byCertificate = strict{b}
	} else {
		c.byKey = strict{b}
	}
	signed, err := b.SignatureContent()
	if err != nil {
		s.reject(ErrInvalid, "a bundle without a signature: %v", err)
		return nil
	}
	if c.artifact = s.artifactOf(ctx, signed); c.artifact == nil {
		return nil
	}
	return &c
}

func parseBundle(text []byte) (*bundle.Bundle, error) {
	var b bundle.Bundle
	if err := b.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("an unreadable bundle: %w", err)
	}
	stamps, err := b.Timestamps()
	if err != nil {
		return nil, fmt.Errorf("a bundle with unreadable timestamps: %w", err)
	}
	return &b, checkStamps(stamps)
}

// artifactOf says what a bundle must have signed: the manifest, or a statement
// with the digest as its subject.
func (s *search) artifactOf(ctx context.Context, signed verify.SignatureContent) func() verify.ArtifactPolicyOption {
	envelope := signed.EnvelopeContent()
	if envelope == nil {
		body, err := s.image.rawManifest(ctx, s.image.digest)
		if err != nil {
			s.unread("reading the image's manifest", err)
			return nil
		}
		return overText(body)
	}
	raw := envelope.RawEnvelope()
	payload, err := raw.DecodeB64Payload()
	if err != nil {
		s.reject(ErrInvalid, "an unreadable envelope: %v", err)
		return nil
	}
	var statement struct {
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(payload, &statement); err != nil {
		s.reject(ErrInvalid, "an envelope without a statement: %v", err)
		return nil
	}
	if statement.PredicateType != signPredicate {
		s.reject(ErrUnsigned, "%s", attestation(statement.PredicateType))
		return nil
	}
	return overDigest(s.image.sum)
}

func attestation(predicate string) string {
	return fmt.Sprintf("an attestation (%s), which isn't a signature", quote(predicate))
}
