package signature

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/towline-dev/towline/registry"
)

const (
	// maxManifest is the size up to which every registry takes manifests (OCI
	// distribution specification, "Pushing Manifests").
	maxManifest = 4 << 20
	// maxPayload bounds a signature's text, and a bundle: a few kilobytes each.
	maxPayload = 256 << 10
)

// manifest is what matters in an image's manifest (OCI image specification,
// "OCI Image Manifest Specification"; Docker's is alike).
type manifest struct {
	Layers      []layer           `json:"layers"`
	Annotations map[string]string `json:"annotations"`
}

type layer struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations"`
}

// manifest reads a manifest by tag, or by digest and then holds it to that.
func (i image) manifest(ctx context.Context, reference string) (manifest, error) {
	body, err := i.rawManifest(ctx, reference)
	if err != nil {
		return manifest{}, err
	}
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return manifest{}, fmt.Errorf("%w: reading the manifest %s: %w", registry.ErrBadAnswer, quote(reference), err)
	}
	return m, nil
}

func (i image) rawManifest(ctx context.Context, reference string) ([]byte, error) {
	raw, err := i.source.Manifest(ctx, i.repository, reference)
	if err != nil {
		return nil, err
	}
	if len(raw.Body) > maxManifest {
		return nil, fmt.Errorf("%w: the manifest %s has more than %d bytes", registry.ErrBadAnswer, quote(reference), maxManifest)
	}
	if _, err := parseDigest(reference); err == nil && !holds(reference, raw.Body) {
		return nil, fmt.Errorf("%w: the manifest %s is another than its digest says", registry.ErrBadAnswer, quote(reference))
	}
	return raw.Body, nil
}

// blob reads a layer and holds it to its digest.
func (i image) blob(ctx context.Context, l layer) ([]byte, error) {
	if _, err := parseDigest(l.Digest); err != nil {
		return nil, fmt.Errorf("%w: the digest %s isn't SHA-256", registry.ErrBadAnswer, quote(l.Digest))
	}
	if l.Size > maxPayload {
		return nil, fmt.Errorf("%w: it has %d bytes, and at most %d are read", registry.ErrBadAnswer, l.Size, maxPayload)
	}
	body, err := i.source.Blob(ctx, i.repository, l.Digest, maxPayload)
	if err != nil {
		return nil, err
	}
	if len(body) > maxPayload || !holds(l.Digest, body) {
		return nil, fmt.Errorf("%w: the blob %s is another than its digest says", registry.ErrBadAnswer, quote(l.Digest))
	}
	return body, nil
}
