package registry

import (
	"context"
	"maps"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Description is what an image says of itself. Its texts are the publisher's own
// and may hold anything; whoever shows them makes them fit to print.
type Description struct {
	// Digest is the index's or the single image's, "sha256:…".
	Digest    string
	MediaType string
	// ArtifactType is the type of what isn't a container image, such as
	// "application/vnd.cncf.helm.config.v1+json"; it is empty for images. An
	// artifact has no platforms, and is created when its annotation says.
	ArtifactType string
	// Created is zero where the image doesn't say, or says a date before 1981 as
	// reproducible builds do (0001, 1970 and 1980 are usual).
	Created time.Time
	// Platforms are sorted and look like "linux/amd64" or "linux/arm64/v8".
	// Attestations, which builders list as "unknown/unknown", aren't among them.
	Platforms []string
	// Labels are those of one platform's config, with that manifest's annotations
	// over them, and the index's over both. Values of more than 4 KiB are left out.
	Labels map[string]string
	// Size is what a node without any of its layers would pull, compressed, in
	// bytes, for one platform.
	Size int64
}

const opDescribe = "reading the metadata"

// Describe tells about the image that a tag or a digest ("sha256:…") names. What it
// says about one platform is about the first one that the index lists. A tag is
// asked for by HEAD; all else is read by digest, once, and then taken from
// Config.Cache, so that a digest that was described before costs no request, in
// whichever repository. ErrUnsupported stands for what this package can't read,
// such as manifests of Docker's schema 1. Every error is an *Error.
func (c *Client) Describe(ctx context.Context, repository, reference string) (Description, error) {
	var d Description
	err := c.about(ctx, opDescribe, repository, reference, func(ctx context.Context, repo name.Repository) error {
		digest, err := c.resolve(ctx, repo, reference)
		if err != nil {
			return err
		}
		d, err = c.describe(ctx, repo, digest)
		return err
	})
	return d, err
}

func (c *Client) describe(ctx context.Context, repo name.Repository, digest string) (Description, error) {
	m, err := c.manifest(ctx, repo, digest)
	if err != nil {
		return Description{}, err
	}
	if types.MediaType(m.MediaType).IsIndex() {
		return c.describeIndex(ctx, repo, m)
	}
	return c.describeManifest(ctx, repo, m)
}

const createdAnnotation = "org.opencontainers.image.created"

// earliest is the first date that is taken for a true one.
func earliest() time.Time { return time.Date(1981, 1, 1, 0, 0, 0, 0, time.UTC) }

// createdAt reads RFC 3339; what can't be read, or can't be true, is no date.
func createdAt(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Before(earliest()) {
		return time.Time{}
	}
	return t.UTC()
}

const (
	maxLabels     = 1000
	maxLabelKey   = 256     // bytes
	maxLabelValue = 4 << 10 // bytes
)

// merge lays labels over others. Who pushes an image sets them, and they are kept:
// so what is too long is left out, and so is what is too many, whichever it is.
func merge(into, labels map[string]string) map[string]string {
	merged := maps.Clone(into)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, key := range sortedKeys(labels) {
		if len(key) <= maxLabelKey && len(labels[key]) <= maxLabelValue && len(merged) < maxLabels {
			merged[key] = labels[key]
		}
	}
	if len(merged) == 0 {
		return nil
	}
	return merged
}
