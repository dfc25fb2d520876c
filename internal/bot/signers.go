package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// Signers are those of whom one must have signed an image.
type Signers struct {
	Identities []policy.Identity
	Keys       []SignerKey
}

// SignerKey is a public key in PEM, under a name for people.
type SignerKey struct {
	Name string
	PEM  []byte
}

// maxKey bounds a public key's file, in bytes.
const maxKey = 64 << 10

// Untrusted is the error for an image that isn't signed by any of those who may: it is
// a property of the image, not a failure to find out. A Verifier's error is one where
// that is certain.
type Untrusted struct{ Err error }

// Error gives the reason.
func (u Untrusted) Error() string {
	if u.Err == nil {
		return "not signed as the policy asks"
	}
	return u.Err.Error()
}

// Unwrap gives the cause.
func (u Untrusted) Unwrap() error { return u.Err }

// Is makes every Untrusted one kind of error.
func (u Untrusted) Is(target error) bool {
	_, ok := target.(Untrusted) //nolint:errorlint // Is is asked about one link of the chain
	return ok
}

// readKeys reads the public keys that the policies name by path, at the commit that
// the policies themselves are read from.
func (t *Tree) readKeys(fsys fs.FS) {
	t.keys = map[string][]byte{}
	for _, p := range t.Policies {
		if p.Spec.Verify == nil {
			continue
		}
		for _, key := range p.Spec.Verify.Keys {
			if _, known := t.keys[key.Path]; known || key.Path == "" {
				continue
			}
			data, err := readKey(fsys, key.Path)
			if err != nil {
				t.Problems = append(t.Problems, policy.Problem{
					Position: p.Position, Message: fmt.Sprintf("spec.verify: reading the key %q: %v", key.Path, err),
					Hint: "the path is from the root of the repository; until it is mended nothing counts as signed",
				})
			}
			t.keys[key.Path] = data
		}
	}
}

func readKey(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > maxKey:
		return nil, fmt.Errorf("it has more than %d bytes", maxKey)
	}
	return fs.ReadFile(fsys, name)
}

// signers gives those who may sign for a policy.
func (k *Knowledge) signers(ctx context.Context, t *Tree, p *policy.Policy) (Signers, error) {
	v := p.Spec.Verify
	if v == nil {
		return Signers{}, nil
	}
	s := Signers{Identities: v.Keyless}
	for _, key := range v.Keys {
		named := SignerKey{Name: key.Path, PEM: t.keys[key.Path]}
		if key.Secret != "" {
			named.Name = "Secret " + key.Secret
			if k.config.Secret == nil {
				return s, fmt.Errorf("reading the key in the Secret %q: this needs a bot in the cluster whose configuration has kubernetes: true", key.Secret)
			}
			var err error
			if named.PEM, err = k.config.Secret(ctx, p.Namespace, key.Secret, key.Field); err != nil {
				return s, err
			}
		}
		if len(named.PEM) == 0 {
			return s, fmt.Errorf("the key %q can't be read", named.Name)
		}
		s.Keys = append(s.Keys, named)
	}
	return s, nil
}

// id tells sets of signers apart, by content.
func (s Signers) id() string {
	sum := sha256.New()
	for _, i := range s.Identities {
		_, _ = fmt.Fprintf(sum, "identity %q %q\n", i.Issuer, i.Subject) // a hash takes everything
	}
	for _, key := range s.Keys {
		_, _ = fmt.Fprintf(sum, "key %q\n", key.PEM)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// signature tells who signed. What was verified once stays so: the digest is that of
// the content, and signatures aren't taken back. What wasn't is asked about again.
func (q question) signature(ctx context.Context, digest string) (string, error) {
	if q.k.config.Verifier == nil {
		return "", Untrusted{errors.New("signatures aren't checked here")}
	}
	key := [3]string{edit.CanonicalImage(q.image), digest, q.signers.id()}
	q.k.mu.Lock()
	who, known := q.k.trusted[key]
	q.k.mu.Unlock()
	if known {
		return who, nil
	}
	who, err := q.k.config.Verifier.Verify(ctx, q.images, q.image, digest, q.signers)
	if err != nil {
		return "", err
	}
	q.k.mu.Lock()
	defer q.k.mu.Unlock()
	if len(q.k.trusted) >= maxRemembered {
		clear(q.k.trusted)
	}
	q.k.trusted[key] = who
	return who, nil
}
