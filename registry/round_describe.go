package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/name"
)

// Describe is Client.Describe, asked once. A tag stands for the same digest as in
// Digest, for the whole round.
func (r *Round) Describe(ctx context.Context, repository, reference string) (Description, error) {
	digest, err := r.resolve(ctx, repository, reference)
	if err != nil {
		return Description{}, err
	}
	d, err := r.descriptions.get(ctx, [2]string{fullName(repository), digest}, func() (Description, error) {
		return r.client.Describe(ctx, repository, digest)
	})
	return d, typed(ctx, opDescribe, written(repository, reference), err)
}

// Manifest is Client.Manifest, with tags that stand for the same digest for the
// whole round. Its body isn't remembered but in Config.Cache.
func (r *Round) Manifest(ctx context.Context, repository, reference string) (RawManifest, error) {
	digest, err := r.resolve(ctx, repository, reference)
	if err != nil {
		return RawManifest{}, err
	}
	return r.client.Manifest(ctx, repository, digest)
}

// Blob is Client.Blob: Config.Cache remembers.
func (r *Round) Blob(ctx context.Context, repository, digest string, limit int64) ([]byte, error) {
	return r.client.Blob(ctx, repository, digest, limit)
}

// Referrers is Client.Referrers, asked once. The slice is shared: callers only read it.
func (r *Round) Referrers(ctx context.Context, repository, digest, artifactType string) ([]Referrer, error) {
	found, err := r.referrers.get(ctx, [3]string{fullName(repository), digest, artifactType}, func() ([]Referrer, error) {
		return r.client.Referrers(ctx, repository, digest, artifactType)
	})
	return found, typed(ctx, opReferrers, written(repository, digest), err)
}

// resolve leaves everything that isn't a digest to Digest, which judges it.
func (r *Round) resolve(ctx context.Context, repository, reference string) (string, error) {
	if isDigest(reference) {
		return reference, nil
	}
	return r.Digest(ctx, repository, reference)
}

// fullName makes one name of all that stand for a repository. What isn't a name is
// refused later, by the Client.
func fullName(repository string) string {
	if repo, err := name.NewRepository(repository); err == nil {
		return repo.Name()
	}
	return repository
}
