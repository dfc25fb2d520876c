// Package gitsign signs commits as git does, with an SSH or an OpenPGP key from a file,
// and tells whose signature a commit or a tag carries. A key that can't sign (an expired
// or revoked one, one whose passphrase is missing) is refused when it is read, and
// asked about again at each signature; a Verifier takes the signatures of the public keys
// that it was given and of no others. The package runs no gpg and no ssh-keygen, asks
// no agent and looks up no key anywhere.
package gitsign

import (
	"errors"
	"fmt"
	"time"

	"github.com/towline-dev/towline/internal/secret"
)

// Format is the form of a signature, by the names that git's gpg.format has for them.
type Format string

// The formats.
const (
	FormatSSH     Format = "ssh"
	FormatOpenPGP Format = "openpgp"
)

// Config describes a key.
type Config struct {
	// Format says what Key is. Required.
	Format Format
	// Key is the private key: for SSH as ssh-keygen writes it (or PKCS #1, #8), for
	// OpenPGP as gpg --export-secret-keys writes it, armored or not. Required.
	Key secret.String
	// Passphrase opens Key. Default: none, for a key that isn't encrypted.
	Passphrase secret.String
	// Email is the committer's address. An OpenPGP key must have it in one of its user
	// IDs, or no forge takes its signatures for the committer's. Default: not checked.
	Email string
	// Now dates OpenPGP signatures and says what has expired. Default: time.Now.
	Now func() time.Time
}

// Key is a private key for signing. It is safe for concurrent use.
type Key struct {
	scheme scheme
	format Format
}

// scheme is one format's way with a key.
type scheme interface {
	sign(payload []byte) ([]byte, error)
	verify(payload, signature []byte) error
	fingerprint() string
}

// New reads a key. Errors say why it can't sign and never hold any part of it.
func New(cfg Config) (*Key, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Key.IsZero() {
		return nil, errors.New("reading the signing key: it is empty")
	}
	var (
		found scheme
		err   error
	)
	switch cfg.Format {
	case FormatSSH:
		found, err = newSSH(cfg)
	case FormatOpenPGP:
		found, err = newOpenPGP(cfg)
	default:
		err = fmt.Errorf("the format is %q (hint: %s or %s)", cfg.Format, FormatSSH, FormatOpenPGP)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	return &Key{scheme: found, format: cfg.Format}, nil
}

// Sign gives the armored signature of a commit: what git puts into its gpgsig header.
// payload is the commit object without that header.
func (k *Key) Sign(payload []byte) ([]byte, error) {
	signature, err := k.scheme.sign(payload)
	if err != nil {
		return nil, fmt.Errorf("signing with the %s key %s: %w", k.format, k.Fingerprint(), err)
	}
	return signature, nil
}

// Verify tells whether this very key made the signature of payload.
func (k *Key) Verify(payload, signature []byte) error {
	if err := k.scheme.verify(payload, signature); err != nil {
		return fmt.Errorf("verifying a signature with the %s key %s: %w", k.format, k.Fingerprint(), err)
	}
	return nil
}

// Fingerprint names the key as ssh-keygen -l or gpg --fingerprint do. It is public.
func (k *Key) Fingerprint() string { return k.scheme.fingerprint() }
