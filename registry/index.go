package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	maxEntries = 1000 // manifests in an index and those in it
	// maxReads bounds the manifests of one index that are read: the indexes in it,
	// images that come without their platform, and images that aren't there.
	maxReads = 16
)

// describeIndex tells about an image of several platforms.
func (c *Client) describeIndex(ctx context.Context, repo name.Repository, raw RawManifest) (Description, error) {
	index, err := parseIndex(raw)
	if err != nil {
		return Description{}, err
	}
	r := indexReader{client: c, repo: repo}
	images, err := r.images(ctx, index)
	if err != nil {
		return Description{}, err
	}
	d, err := r.describe(ctx, images)
	if err != nil {
		return Description{}, err
	}
	d.Digest, d.MediaType = raw.Digest, raw.MediaType
	if len(images) == 0 {
		d.ArtifactType = index.ArtifactType
	}
	if created := createdAt(index.Annotations[createdAnnotation]); !created.IsZero() {
		d.Created = created
	}
	d.Labels = merge(d.Labels, index.Annotations)
	return d, nil
}

func parseIndex(raw RawManifest) (*v1.IndexManifest, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(raw.Body))
	if err != nil {
		return nil, fmt.Errorf("%w: the index isn't one: %w", ErrBadAnswer, err)
	}
	return index, nil
}

// indexReader reads what an index names, so much and no more.
type indexReader struct {
	client *Client
	repo   name.Repository
	reads  int
}

func (r *indexReader) read(ctx context.Context, digest v1.Hash) (RawManifest, error) {
	if r.reads++; r.reads > maxReads {
		return RawManifest{}, fmt.Errorf("%w: more than %d manifests of the index would have to be read", ErrBadAnswer, maxReads)
	}
	if !isDigest(digest.String()) {
		return RawManifest{}, fmt.Errorf("%w: the index names %q", ErrUnsupported, digest)
	}
	return r.client.manifest(ctx, r.repo, digest.String())
}

// images lists the images of an index and of the indexes in it. Deeper ones, which
// no builder makes, are refused; there can't be a cycle, since digests hold.
func (r *indexReader) images(ctx context.Context, index *v1.IndexManifest) ([]v1.Descriptor, error) {
	var images []v1.Descriptor
	for _, d := range index.Manifests {
		inner := &v1.IndexManifest{Manifests: []v1.Descriptor{d}}
		if d.MediaType.IsIndex() {
			raw, err := r.read(ctx, d.Digest)
			if err != nil {
				return nil, fmt.Errorf("reading the index in the index: %w", err)
			}
			if inner, err = parseIndex(raw); err != nil {
				return nil, err
			}
		}
		for _, d := range inner.Manifests {
			switch {
			case d.MediaType.IsIndex():
				return nil, fmt.Errorf("%w: the index holds indexes that hold indexes", ErrUnsupported)
			case len(images) == maxEntries:
				return nil, fmt.Errorf("%w: the index has more than %d images", ErrBadAnswer, maxEntries)
			case isImage(d):
				images = append(images, d)
			}
		}
	}
	return images, nil
}

// describe gathers the platforms, and tells the rest of the first image that the
// registry has: mirrors may hold an index without all of its images.
func (r *indexReader) describe(ctx context.Context, images []v1.Descriptor) (Description, error) {
	var (
		first     Description
		found     bool
		missing   error
		platforms []string
	)
	for _, d := range images {
		known := platformOf(d.Platform)
		if known != "" {
			platforms = append(platforms, known)
			if found {
				continue
			}
		}
		image, err := r.image(ctx, d)
		switch {
		case notFound(err):
			missing = err
		case err != nil:
			return Description{}, err
		default:
			if !found {
				first, found = image, true
			}
			if known == "" {
				platforms = append(platforms, image.Platforms...)
			}
		}
	}
	if !found && missing != nil {
		return Description{}, missing
	}
	slices.Sort(platforms)
	first.Platforms = slices.Compact(platforms)
	return first, nil
}

func (r *indexReader) image(ctx context.Context, d v1.Descriptor) (Description, error) {
	raw, err := r.read(ctx, d.Digest)
	if err != nil {
		return Description{}, fmt.Errorf("reading the image of one platform: %w", err)
	}
	return r.client.describeManifest(ctx, r.repo, raw)
}

func notFound(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
