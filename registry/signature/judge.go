package signature

import (
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// judge checks one signature and notes the verdict, or why it doesn't count.
func (s *search) judge(c candidate) {
	if c.byKey != nil {
		for _, key := range s.requirement.Keys {
			if s.byKey(c, key) {
				return
			}
		}
	}
	switch {
	case c.byCertificate != nil:
		s.byCertificate(c)
	case len(s.requirement.Keys) == 0:
		s.reject(ErrOthers, "a signature by a key")
	default:
		s.reject(ErrOthers, "a signature that fits none of the keys: made with another, or altered since")
	}
}

// byKey tells whether the signature is the key's. If it is, that settles it, for
// good or, when its log entry is wrong, for bad.
func (s *search) byKey(c candidate, key Key) (settled bool) {
	alone := keyTrust{TrustedMaterial: &root.BaseTrustedMaterial{}, key: key}
	if _, err := check(alone, c.byKey, c.artifact(), verify.WithKey(), verify.WithNoObserverTimestamps()); err != nil {
		return false
	}
	verdict := Verdict{Key: key.name, Format: c.format}
	if options := s.verifier.witnesses(c.byKey); len(options) > 0 {
		result, err := check(keyTrust{TrustedMaterial: s.verifier.trust, key: key}, c.byKey, c.artifact(), verify.WithKey(), options...)
		if err != nil {
			s.reject(ErrInvalid, "a signature with the key %s, whose log entry or timestamp is wrong: %v", quote(key.name), err)
			return true
		}
		verdict.witnessed(result)
		entries, err := c.byKey.TlogEntries()
		verdict.Logged = err == nil && len(entries) > 0 && len(s.verifier.trust.RekorLogs()) > 0
	}
	s.verdict = &verdict
	return true
}

// witnesses says what is to vouch for a signature by a key: what it brings
// along, as far as the trust root knows of such services, and what is configured.
func (v *Verifier) witnesses(e verify.SignedEntity) []verify.VerifierOption {
	if v.trust == nil {
		return nil
	}
	entries, entriesErr := e.TlogEntries()
	stamps, stampsErr := e.Timestamps()
	logged := v.config.LogKeys || len(v.trust.RekorLogs()) > 0 && (entriesErr != nil || len(entries) > 0)
	stamped := len(v.trust.TimestampingAuthorities()) > 0 && (stampsErr != nil || len(stamps) > 0)
	var options []verify.VerifierOption
	if logged {
		options = append(options, verify.WithTransparencyLog(1))
	}
	switch {
	case stamped || logged && e.HasInclusionPromise():
		options = append(options, verify.WithObserverTimestamps(1))
	case logged:
		options = append(options, verify.WithNoObserverTimestamps())
	}
	return options
}

// byCertificate checks a keyless signature: first that it is somebody's, then
// whose. Only an identity that was proven is named without reserve.
func (s *search) byCertificate(c candidate) {
	if err := s.verifier.keyless(); err != nil {
		s.reject(ErrOthers, "a signature by %s, or so it says: it wasn't checked, for want of a trust root", claimed(c.byCertificate))
		return
	}
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1)}
	if !s.verifier.config.NoLog {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if !s.verifier.config.NoSCT {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	result, err := check(s.verifier.trust, c.byCertificate, c.artifact(), verify.WithoutIdentitiesUnsafe(), options...)
	if err != nil {
		s.reject(ErrInvalid, "a signature by %s, or so it says: %v", claimed(c.byCertificate), err)
		return
	}
	if result.Signature == nil || result.Signature.Certificate == nil {
		s.reject(ErrInvalid, "a signature without an identity")
		return
	}
	issuer, subject := result.Signature.Certificate.Issuer, result.Signature.Certificate.SubjectAlternativeName
	for _, identity := range s.requirement.Identities {
		if identity.matches(issuer, subject) {
			verdict := Verdict{Issuer: issuer, Subject: subject, Format: c.format, Logged: !s.verifier.config.NoLog}
			verdict.witnessed(result)
			s.verdict = &verdict
			return
		}
	}
	s.reject(ErrOthers, "a signature by %s (issuer %s)", quote(subject), quote(issuer))
}

// check runs sigstore-go over a signature.
func check(trust root.TrustedMaterial, e verify.SignedEntity, artifact verify.ArtifactPolicyOption, who verify.PolicyOption, options ...verify.VerifierOption) (*verify.VerificationResult, error) {
	verifier, err := verify.NewVerifier(trust, append(options, verify.WithoutStatementPredicate())...)
	if err != nil {
		return nil, fmt.Errorf("preparing the check: %w", err)
	}
	return verifier.Verify(e, verify.NewPolicy(artifact, who))
}

// claimed is whom a certificate names, which isn't proof of anything.
func claimed(e verify.SignedEntity) string {
	content, err := e.VerificationContent()
	if err != nil || content.Certificate() == nil {
		return "nobody"
	}
	summary, err := certificate.SummarizeCertificate(content.Certificate())
	if err != nil {
		return "nobody"
	}
	return fmt.Sprintf("%s (issuer %s)", quote(summary.SubjectAlternativeName), quote(summary.Issuer))
}

// witnessed takes over the time; the log's where there are two.
func (v *Verdict) witnessed(result *verify.VerificationResult) {
	for _, stamp := range result.VerifiedTimestamps {
		switch {
		case stamp.Type == "Tlog":
			v.Time, v.Witness = stamp.Timestamp, TransparencyLog
			return
		case v.Time.IsZero() && stamp.Type == "TimestampAuthority":
			v.Time, v.Witness = stamp.Timestamp, TimestampAuthority
		}
	}
}
