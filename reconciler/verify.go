package reconciler

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitsign"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// What Verification.Mode may be.
const (
	verifyHead = "head"
	verifyTag  = "tag"
	verifyBoth = "both"
)

// freshKeys is how new the keys must be by which something is refused: those that were
// put there a moment ago count.
const freshKeys = time.Second

// verify holds a revision to the signatures that the Sync asks for. Nothing of it may be
// read before.
func (w *work) verify(ctx context.Context, source snapshot) *failure {
	spec := w.sync.Spec.Source.Verify
	if spec == nil {
		return nil
	}
	key := types.NamespacedName{Namespace: w.sync.Namespace, Name: spec.SecretRef.Name}
	// A key that was taken away before a revision came doesn't count for it.
	keys, read, err := w.vault.verifier(ctx, key, source.movedAt)
	if err == nil {
		if err = source.verified(spec.Mode, keys); err != nil && w.Now().Sub(read) > freshKeys {
			if keys, _, err = w.vault.verifier(ctx, key, w.Now()); err == nil {
				err = source.verified(spec.Mode, keys)
			}
		}
	}
	if err != nil {
		return fail(v1.ReasonVerificationFailed, fmt.Errorf("verifying %s: %w; nothing of it is built or applied", source.name(), err))
	}
	return nil
}

// verified tells what keeps a revision from counting.
func (n snapshot) verified(mode string, keys *gitsign.Verifier) error {
	switch mode {
	case verifyTag, verifyBoth:
		if err := n.tagVerified(keys); err != nil || mode == verifyTag {
			return err
		}
	case verifyHead, "":
	default:
		return fmt.Errorf("the mode %q isn't known", mode)
	}
	payload, signature, err := n.repo.Signed(n.revision)
	if err != nil {
		return err
	}
	if _, err := keys.Verify(payload, signature); err != nil {
		return fmt.Errorf("commit %s doesn't count: %w", n.revision, err)
	}
	return nil
}

// tagVerified holds that the tag is the one that was asked for, too: a signed tag that is
// put in the place of another carries a signature that is good.
func (n snapshot) tagVerified(keys *gitsign.Verifier) error {
	switch {
	case n.at.Name == "" || n.key.ref.Kind != gitrepo.KindTag && n.key.ref.Kind != gitrepo.KindSemver:
		return errors.New("the Sync follows no tag, so there is no tag's signature (hint: set spec.source.verify.mode to head, or spec.source.tag)")
	case n.at.Tag == "":
		return fmt.Errorf("tag %q is a lightweight tag, which can't be signed (hint: git tag -s)", n.at.Name)
	}
	tag, err := n.repo.SignedTag(n.at.Tag)
	switch {
	case err != nil:
		return err
	case tag.Name != n.at.Name:
		return fmt.Errorf("tag %q is in truth the tag %q: somebody has put it there under another name", n.at.Name, tag.Name)
	case tag.Commit != n.revision:
		return fmt.Errorf("tag %q names commit %s and not %s", n.at.Name, tag.Commit, n.revision)
	}
	if _, err := keys.Verify(tag.Payload, tag.Signature); err != nil {
		return fmt.Errorf("tag %q (%s) doesn't count: %w", n.at.Name, n.at.Tag, err)
	}
	return nil
}

type verifierEntry struct {
	keys *gitsign.Verifier
	read time.Time
}

// verifier gives the public keys of a Secret, read after a time, and when they were read.
func (v *vault) verifier(ctx context.Context, key types.NamespacedName, after time.Time) (*gitsign.Verifier, time.Time, error) {
	v.mu.Lock()
	known, ok := v.verifiers[key]
	v.mu.Unlock()
	if ok && v.now().Sub(known.read) < credentialsAge && known.read.After(after) {
		return known.keys, known.read, nil
	}
	var object corev1.Secret
	if err := v.reader.Get(ctx, key, &object); err != nil {
		return nil, time.Time{}, fmt.Errorf("reading Secret %q with the public keys: %w", key, err)
	}
	keys, err := gitsign.NewVerifier(object.Data, v.now)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading the public keys of Secret %q: %w", key, err)
	}
	entry := verifierEntry{keys, v.now()}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.verifiers) >= maxCredentials {
		clear(v.verifiers)
	}
	v.verifiers[key] = entry
	return keys, entry.read, nil
}
