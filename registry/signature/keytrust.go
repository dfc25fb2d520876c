package signature

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
)

// keyTrust is a trust root that knows one key, whatever a signature calls it:
// the name of a key in a signature is a hint and nothing more.
type keyTrust struct {
	root.TrustedMaterial
	key Key
}

// PublicKeyVerifier implements root.TrustedMaterial.
func (t keyTrust) PublicKeyVerifier(string) (root.TimeConstrainedVerifier, error) {
	return keyVerifier{t.key}, nil
}

// keyVerifier checks signatures by a key, which holds at any time.
type keyVerifier struct{ key Key }

// ValidAtTime implements root.ValidityPeriodChecker.
func (keyVerifier) ValidAtTime(time.Time) bool { return true }

// PublicKey implements signature.Verifier.
func (v keyVerifier) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	if v.key.public == nil {
		return nil, errors.New("the key is empty")
	}
	return v.key.public, nil
}

// VerifySignature implements signature.Verifier: one of the ways to sign with
// the key must fit.
func (v keyVerifier) VerifySignature(sig, message io.Reader, opts ...signature.VerifyOption) error {
	sigBytes, err := io.ReadAll(sig)
	if err != nil {
		return fmt.Errorf("reading the signature: %w", err)
	}
	text, err := io.ReadAll(message)
	if err != nil {
		return fmt.Errorf("reading what was signed: %w", err)
	}
	err = errors.New("the key is empty")
	for _, verifier := range v.key.verifiers {
		if err = verifier.VerifySignature(bytes.NewReader(sigBytes), bytes.NewReader(text), opts...); err == nil {
			return nil
		}
	}
	return err
}
