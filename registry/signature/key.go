package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/sigstore/sigstore/pkg/signature"
)

// Key is a public key whose signatures are trusted. Make it with NewKey; the
// zero Key fits no signature.
type Key struct {
	name      string
	public    crypto.PublicKey
	verifiers []signature.Verifier
}

const (
	minRSABits = 2048
	maxRSABits = 8192 // checking a signature of a larger one takes long
)

// NewKey reads a public key in PEM ("PUBLIC KEY", or "RSA PUBLIC KEY"): ECDSA on
// P-256, P-384 or P-521, RSA of 2048 to 8192 bits (PKCS #1 v1.5 signatures, as
// cosign makes them), or Ed25519. The name is what messages call it.
func NewKey(name string, text []byte) (Key, error) {
	public, err := parseKey(text)
	if err != nil {
		return Key{}, fmt.Errorf("reading the public key %s: %w", quote(name), err)
	}
	verifiers, err := verifiersOf(public)
	if err != nil {
		return Key{}, fmt.Errorf("reading the public key %s: %w", quote(name), err)
	}
	return Key{name: name, public: public, verifiers: verifiers}, nil
}

// Name is what messages call the key.
func (k Key) Name() string { return k.name }

func parseKey(text []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New(`expecting PEM: a block that begins with "-----BEGIN PUBLIC KEY-----"`)
	}
	if another, _ := pem.Decode(rest); another != nil {
		return nil, errors.New("expecting a single PEM block: give each key an entry of its own")
	}
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		return nil, fmt.Errorf("expecting a public key, found a PEM block of type %s", quote(block.Type))
	}
}

// verifiersOf gives the ways in which cosign's versions sign with such a key.
// They began with SHA-256 for every curve, and bundles take the curve's own hash;
// Ed25519 signs the text itself, or, for what goes into Rekor's log, its hash.
func verifiersOf(public crypto.PublicKey) ([]signature.Verifier, error) {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return load(key, crypto.SHA256)
		case elliptic.P384():
			return load(key, crypto.SHA384, crypto.SHA256)
		case elliptic.P521():
			return load(key, crypto.SHA512, crypto.SHA256)
		}
		return nil, errors.New("expecting an ECDSA key on P-256, P-384 or P-521")
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("expecting an RSA key of %d to %d bits, found %d", minRSABits, maxRSABits, bits)
		}
		return load(key, crypto.SHA256)
	case ed25519.PublicKey:
		plain, err := signature.LoadED25519Verifier(key)
		if err != nil {
			return nil, err
		}
		hashed, err := signature.LoadED25519phVerifier(key)
		return []signature.Verifier{plain, hashed}, err
	default:
		return nil, errors.New("expecting an ECDSA, RSA or Ed25519 key")
	}
}

func load(public crypto.PublicKey, hashes ...crypto.Hash) ([]signature.Verifier, error) {
	verifiers := make([]signature.Verifier, 0, len(hashes))
	for _, hash := range hashes {
		verifier, err := signature.LoadVerifier(public, hash)
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, verifier)
	}
	return verifiers, nil
}
