package signaturetest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// Options say how a signature is made. The zero value is what cosign does, now.
type Options struct {
	// IssuedAt is when the certificate begins, LoggedAt when the log says that it
	// took the signature. The defaults are a minute ago and now.
	IssuedAt, LoggedAt time.Time
	// NoSCT leaves the certificate transparency log out, NoEntry the transparency log.
	NoSCT, NoEntry bool
	// Timestamped asks the timestamp authority, whose clock is the machine's.
	Timestamped bool
}

// Signer signs with one key. It is logged and timestamped by a Sigstore, but for
// a Signer of KeySigner.
type Signer struct {
	key         crypto.Signer
	certificate *x509.Certificate // nil for a key
	sigstore    *Sigstore         // nil for a key on its own
	options     Options
}

// KeySigner signs with a key and tells nobody.
func KeySigner(key crypto.Signer) *Signer {
	return &Signer{key: key, options: Options{NoEntry: true}}
}

// KeySigner signs with a key and logs it.
func (s *Sigstore) KeySigner(key crypto.Signer, o Options) *Signer {
	return &Signer{key: key, sigstore: s, options: o.withDefaults()}
}

// Keyless signs with a certificate for the identity.
func (s *Sigstore) Keyless(issuer, subject string, o Options) (*Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	o = o.withDefaults()
	certificate, err := s.certify(issuer, subject, &key.PublicKey, o.IssuedAt, !o.NoSCT)
	if err != nil {
		return nil, fmt.Errorf("certifying %s: %w", subject, err)
	}
	return &Signer{key: key, certificate: certificate, sigstore: s, options: o}, nil
}

func (o Options) withDefaults() Options {
	if o.IssuedAt.IsZero() {
		o.IssuedAt = time.Now().Add(-time.Minute)
	}
	if o.LoggedAt.IsZero() {
		o.LoggedAt = time.Now()
	}
	return o
}

// PublicKey gives a key as `cosign public-key` does.
func PublicKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("writing a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// sign signs a text: ECDSA and RSA its hash, Ed25519 the text itself.
func (s *Signer) sign(text []byte, hash crypto.Hash) ([]byte, error) {
	if _, ok := s.key.Public().(ed25519.PublicKey); ok {
		return s.key.Sign(rand.Reader, text, crypto.Hash(0))
	}
	h := hash.New()
	h.Write(text)
	return s.key.Sign(rand.Reader, h.Sum(nil), hash)
}

// hash is what bundles hash with: the curve's own.
func (s *Signer) hash() crypto.Hash {
	if key, ok := s.key.Public().(*ecdsa.PublicKey); ok {
		switch key.Curve {
		case elliptic.P384():
			return crypto.SHA384
		case elliptic.P521():
			return crypto.SHA512
		}
	}
	return crypto.SHA256
}

// verifier is the signer in PEM, as the log keeps it.
func (s *Signer) verifier() ([]byte, error) {
	if s.certificate != nil {
		return certificatePEM(s.certificate), nil
	}
	return PublicKey(s.key)
}

func certificatePEM(list ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range list {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.Bytes()
}

// KeylessOf signs with a certificate that another sigstore's authority has
// issued, and is logged and timestamped by this one.
func (s *Sigstore) KeylessOf(other *Sigstore, issuer, subject string) (*Signer, error) {
	signer, err := other.Keyless(issuer, subject, Options{})
	if err != nil {
		return nil, err
	}
	signer.sigstore = s
	return signer, nil
}
