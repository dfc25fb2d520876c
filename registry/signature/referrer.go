package signature

import (
	"context"
	"slices"

	"github.com/towline-dev/towline/registry"
)

const (
	bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"
	// emptyType is the configuration's media type of what isn't an image. Some
	// registries, and clients that write the tag which stands in for a list of
	// referrers, give it as the artifact type.
	emptyType = "application/vnd.oci.empty.v1+json"
	// predicateKey is the annotation by which cosign says what a bundle's statement is about.
	predicateKey = "dev.sigstore.bundle.predicateType"
)

// bundles goes through the sigstore bundles that refer to the image.
func (s *search) bundles(ctx context.Context) {
	list, err := s.image.source.Referrers(ctx, s.image.repository, s.image.digest, "")
	if err != nil {
		if !absentList(err) {
			s.unread("listing what refers to the image", err)
		}
		return
	}
	list = slices.DeleteFunc(slices.Clone(list), func(r registry.Referrer) bool {
		return r.ArtifactType != bundleType && r.ArtifactType != emptyType && r.ArtifactType != ""
	})
	for _, referrer := range bound(s, list, "manifests that may hold a bundle") {
		if !s.bundle(ctx, referrer) || s.verdict != nil {
			return
		}
	}
}

// bundle looks at one referrer, and tells whether to go on with the next.
func (s *search) bundle(ctx context.Context, referrer registry.Referrer) (goOn bool) {
	if _, err := parseDigest(referrer.Digest); err != nil {
		s.reject(ErrInvalid, "a bundle with the digest %s", quote(referrer.Digest))
		return true
	}
	m, err := s.image.manifest(ctx, referrer.Digest)
	if err != nil {
		return s.unread("reading a bundle's manifest", err)
	}
	i := slices.IndexFunc(m.Layers, func(l layer) bool { return l.MediaType == bundleType })
	if i < 0 {
		return true // something else that refers to the image
	}
	// An attestation can be large, and needn't be read to be told from a signature.
	if predicate := m.Annotations[predicateKey]; predicate != "" && predicate != signPredicate {
		s.reject(ErrUnsigned, "%s", attestation(predicate))
		return true
	}
	text, err := s.image.blob(ctx, m.Layers[i])
	if err != nil {
		return s.unread("reading a bundle", err)
	}
	if c := s.bundleCandidate(ctx, text); c != nil {
		s.judge(*c)
	}
	return s.trouble == nil
}
