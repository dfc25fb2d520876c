package signature

import (
	"fmt"
	"strings"
	"time"
)

// Format is the form in which a signature lies in the registry.
type Format string

// The formats of cosign.
const (
	// Bundle is a sigstore bundle that refers to the image.
	Bundle Format = "sigstore bundle"
	// SignatureTag is a layer under the tag sha256-<hex>.sig.
	SignatureTag Format = "cosign signature tag"
)

// Witness is the service that vouches for the time of a signature.
type Witness string

// The services that vouch for times.
const (
	TransparencyLog    Witness = "transparency log"
	TimestampAuthority Witness = "timestamp authority"
)

// Verdict says who signed an image. It is only returned for a signature that
// was checked to the end and fits the Requirement.
type Verdict struct {
	// Key is the name of the key that signed, empty for an identity.
	Key string
	// Issuer and Subject are the identity that signed, empty for a key.
	Issuer, Subject string
	// Format is where the signature was found.
	Format Format
	// Time is when it was made, by the word of Witness. Both are zero where no
	// service that the trust root knows vouches for a time.
	Time    time.Time
	Witness Witness
	// Logged tells whether its entry in a transparency log was checked.
	Logged bool
}

// String says it in a sentence's part that suits a pull request: names are in
// code spans, as Markdown has them. "signed by `alice@example.com` (issuer
// `https://…`) on 2026-01-02 03:04 UTC (by the transparency log); sigstore bundle".
func (v Verdict) String() string {
	var b strings.Builder
	if v.Key != "" {
		fmt.Fprintf(&b, "signed with the key %s", codeSpan(v.Key))
	} else {
		fmt.Fprintf(&b, "signed by %s (issuer %s)", codeSpan(v.Subject), codeSpan(v.Issuer))
	}
	if !v.Time.IsZero() {
		fmt.Fprintf(&b, " on %s (by the %s)", v.Time.UTC().Format("2006-01-02 15:04 MST"), v.Witness)
	}
	fmt.Fprintf(&b, "; %s", v.Format)
	if !v.Logged {
		b.WriteString(", not looked up in a transparency log")
	}
	return b.String()
}
