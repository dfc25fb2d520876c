package signature

import (
	"context"

	"github.com/towline-dev/towline/registry"
)

// Source reads from a registry; a *registry.Client is one. Repositories are
// written as in image names, without tag. What isn't there is an error that
// matches registry.ErrNotFound, what isn't sound one that matches
// registry.ErrBadAnswer or registry.ErrUnsupported; any other leaves open
// whether there is a signature. Answers needn't be checked by the Source: Verify
// holds them to their digests.
type Source interface {
	// Manifest returns a manifest by tag or by digest.
	Manifest(ctx context.Context, repository, reference string) (registry.RawManifest, error)
	// Blob returns a blob, or an error when it has more than limit bytes.
	Blob(ctx context.Context, repository, digest string, limit int64) ([]byte, error)
	// Referrers lists the manifests that refer to the digest, those with an
	// artifact type or all when that is empty.
	Referrers(ctx context.Context, repository, digest, artifactType string) ([]registry.Referrer, error)
}
