package gitsign

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Why a signature doesn't count, by errors.Is.
var (
	// ErrUnsigned: there is no signature.
	ErrUnsigned = errors.New("it isn't signed")
	// ErrUnknownKey: the key that signed isn't among those that count.
	ErrUnknownKey = errors.New("it is signed by a key that isn't known")
	// ErrExpired: the key, or the signature, has expired or isn't valid yet.
	ErrExpired = errors.New("it is signed by a key that has expired or isn't valid yet")
	// ErrRevoked: the key was revoked.
	ErrRevoked = errors.New("it is signed by a key that was revoked")
	// ErrPurpose: the key, or the signature, is meant for something else than Git.
	ErrPurpose = errors.New("it is signed by a key, or for a purpose, that isn't Git's")
	// ErrWeak: the signature's algorithms can be forged.
	ErrWeak = errors.New("it is signed with an algorithm that is too weak")
	// ErrBad: the signature isn't one of this content.
	ErrBad = errors.New("its signature is bad")
)

// VerifyError says whose signature doesn't count, and why.
type VerifyError struct {
	// Fingerprint names the key that signed, as ssh-keygen -l or gpg do; "" where the
	// signature doesn't say.
	Fingerprint string
	// Kind is one of the sentinels of this package.
	Kind error
	// Detail adds to Kind; it may be "".
	Detail string
}

// Error gives kind, key and detail.
func (e *VerifyError) Error() string {
	text := e.Kind.Error()
	if e.Fingerprint != "" {
		text += " (" + e.Fingerprint + ")"
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap gives the kind.
func (e *VerifyError) Unwrap() error { return e.Kind }

// maxSignature bounds a signature, in bytes; real ones have some hundreds.
const maxSignature = 64 << 10

// Verifier holds the public keys whose signatures count. It is safe for concurrent use.
//
// Expiry is judged at the time of verification: the date in a commit is chosen by whoever
// made it, who may be the one that the key was taken away from.
type Verifier struct {
	ssh []allowedKey
	pgp pgpRing
	now func() time.Time
}

// NewVerifier reads public keys. Each file, named for errors alone, holds armored OpenPGP
// keys, or lines as in OpenSSH's authorized_keys or in Git's allowed_signers. One without
// a key, and a line that isn't understood, are errors: a rule that was meant to bar a key
// mustn't be passed over. now is the clock.
func NewVerifier(files map[string][]byte, now func() time.Time) (*Verifier, error) {
	v := &Verifier{now: now}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := v.add(files[name]); err != nil {
			return nil, fmt.Errorf("the key %q: %w", name, err)
		}
	}
	if len(v.ssh) == 0 && len(v.pgp) == 0 {
		return nil, errors.New("there is none")
	}
	return v, nil
}

func (v *Verifier) add(data []byte) error {
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		keys, err := parseRing(data)
		v.pgp = append(v.pgp, keys...)
		return err
	}
	keys, err := parseAllowed(data)
	v.ssh = append(v.ssh, keys...)
	return err
}

// Verify tells who made the signature of payload, by the key's fingerprint. Every error is
// a *VerifyError.
func (v *Verifier) Verify(payload, signature []byte) (fingerprint string, err error) {
	signature = bytes.TrimSpace(signature)
	switch {
	case len(signature) == 0:
		return "", &VerifyError{Kind: ErrUnsigned}
	case len(signature) > maxSignature:
		return "", &VerifyError{Kind: ErrBad, Detail: "it is too long"}
	case bytes.Count(signature, []byte("-----BEGIN ")) != 1:
		return "", &VerifyError{Kind: ErrBad, Detail: "it isn't one signature"}
	case bytes.HasPrefix(signature, []byte("-----BEGIN SSH SIGNATURE-----")):
		return v.verifySSH(payload, signature)
	case bytes.HasPrefix(signature, []byte("-----BEGIN PGP SIGNATURE-----")):
		return v.pgp.verify(payload, signature, v.now())
	}
	return "", &VerifyError{Kind: ErrBad, Detail: "it is neither an OpenPGP nor an SSH signature (hint: X.509 signatures aren't supported)"}
}
