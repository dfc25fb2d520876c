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
	"github.com/towline-dev/towline/registry/signature"
)

// signers are those of whom one must have signed an image.
type signers struct {
	signature.Requirement
	id string // tells sets of signers apart, by content
}

// maxKey bounds a public key's file, in bytes.
const maxKey = 64 << 10

// readKeys reads the public keys that the policies name by path, at the commit that
// the policies themselves are read from. It gives what kept keys from being read.
func (t *Tree) readKeys(fsys fs.FS) error {
	var errs []error
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
			errs = append(errs, err)
			if err == nil {
				_, err = signature.NewKey(key.Path, data)
			}
			if err != nil {
				data = nil
				t.Problems = append(t.Problems, policy.Problem{
					Position: p.Position, Message: fmt.Sprintf("spec.verify: the key %q: %v", key.Path, err),
					Hint: "a public key in PEM, its path from the root of the repository; until it is mended the policy chooses nothing",
				})
			}
			t.keys[key.Path] = data
		}
	}
	return errors.Join(errs...)
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
func (k *Knowledge) signers(ctx context.Context, t *Tree, p *policy.Policy) (signers, error) {
	var s signers
	v := p.Spec.Verify
	if v == nil {
		return s, nil
	}
	sum := sha256.New()
	for _, i := range v.Keyless {
		identity, err := signature.NewIdentity(i.Issuer, i.Subject)
		if err != nil {
			return s, err
		}
		s.Identities = append(s.Identities, identity)
		_, _ = fmt.Fprintf(sum, "identity %q %q\n", i.Issuer, i.Subject) // a hash takes everything
	}
	for _, named := range v.Keys {
		pem, name, err := k.key(ctx, t, p, named)
		if err != nil {
			return s, err
		}
		key, err := signature.NewKey(name, pem)
		if err != nil {
			return s, err
		}
		s.Keys = append(s.Keys, key)
		_, _ = fmt.Fprintf(sum, "key %q\n", pem)
	}
	s.id = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// key gives a public key in PEM and a name for people.
func (k *Knowledge) key(ctx context.Context, t *Tree, p *policy.Policy, key policy.Key) (pem []byte, name string, err error) {
	switch {
	case key.Path != "" && len(t.keys[key.Path]) == 0:
		return nil, "", fmt.Errorf("the key %q can't be read", key.Path)
	case key.Path != "":
		return t.keys[key.Path], key.Path, nil
	case k.config.Secret == nil:
		return nil, "", fmt.Errorf("the key in the Secret %q can't be read outside of a cluster", key.Secret)
	}
	pem, err = k.config.Secret(ctx, p.Namespace, key.Secret, key.Field)
	return pem, key.Secret + "/" + key.Field, err
}

// signature tells who signed. What was verified once stays so: the digest is that of
// the content, and signatures aren't taken back. What wasn't is asked about again.
func (q question) signature(ctx context.Context, digest string) (string, error) {
	if q.k.config.Verifier == nil {
		return "", errors.New("signatures can't be checked: the program was given no verifier")
	}
	key := [3]string{edit.CanonicalImage(q.image), digest, q.signers.id}
	q.k.mu.Lock()
	who, known := q.k.trusted[key]
	q.k.mu.Unlock()
	if known {
		return who, nil
	}
	verdict, err := q.k.config.Verifier.Verify(ctx, q.images, q.image, digest, q.signers.Requirement)
	if err != nil {
		return "", err
	}
	q.k.mu.Lock()
	defer q.k.mu.Unlock()
	if len(q.k.trusted) >= maxRemembered {
		clear(q.k.trusted)
	}
	q.k.trusted[key] = verdict.String()
	return verdict.String(), nil
}
