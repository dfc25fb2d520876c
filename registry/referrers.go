package registry

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Referrer is a manifest that says of itself that it is about another one: a
// signature, an attestation, a bill of materials.
type Referrer struct {
	Digest       string // "sha256:…"
	MediaType    string
	ArtifactType string
	Size         int64 // of the manifest, in bytes
}

const (
	opReferrers = "listing what refers to the image"
	// maxReferrers bounds a list. Anyone who may push to the repository can add to it.
	maxReferrers = 1000
)

// Referrers lists what refers to a digest ("sha256:…"), sorted by digest: by the
// referrers API of the OCI distribution specification 1.1, or, where the registry
// hasn't it, by the tag "sha256-…" that the specification puts in its place. Of an
// answer in pages it is the first. artifactType leaves only referrers of that
// type; "" gives all. Nothing of it is verified: read what it names with Manifest.
// Every error is an *Error.
func (c *Client) Referrers(ctx context.Context, repository, digest, artifactType string) ([]Referrer, error) {
	var found []Referrer
	err := c.about(ctx, opReferrers, repository, digest, func(ctx context.Context, repo name.Repository) error {
		if !isDigest(digest) {
			return fmt.Errorf("%w: %q isn't a digest of sha256", ErrInvalid, digest)
		}
		return c.call(ctx, repo, func(ctx context.Context, p *remote.Puller, at name.Repository) error {
			var err error
			found, err = referrers(ctx, p, at.Digest(digest), artifactType)
			return err
		})
	})
	return found, err
}

func referrers(ctx context.Context, p *remote.Puller, subject name.Digest, artifactType string) ([]Referrer, error) {
	index, err := remote.Referrers(subject, remote.Reuse(p), remote.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("%w: the list isn't one: %w", ErrBadAnswer, err)
	}
	var found []Referrer
	for _, d := range list.Manifests {
		if !isDigest(d.Digest.String()) || artifactType != "" && d.ArtifactType != artifactType {
			continue
		}
		if len(found) == maxReferrers {
			return nil, fmt.Errorf("%w: more than %d manifests refer to it", ErrBadAnswer, maxReferrers)
		}
		found = append(found, referrer(d))
	}
	slices.SortFunc(found, func(a, b Referrer) int { return cmp.Compare(a.Digest, b.Digest) })
	return slices.CompactFunc(found, func(a, b Referrer) bool { return a.Digest == b.Digest }), nil
}

func referrer(d v1.Descriptor) Referrer {
	return Referrer{Digest: d.Digest.String(), MediaType: string(d.MediaType), ArtifactType: d.ArtifactType, Size: d.Size}
}
