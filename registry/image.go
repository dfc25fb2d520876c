package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	maxConfig = 4 << 20 // bytes
	maxSize   = 1 << 50 // bytes: a petabyte isn't an image
)

// imageConfig is the part of an image's config that tells about the image.
type imageConfig struct {
	Created, OS, Architecture, Variant string
	Config                             struct{ Labels map[string]string }
}

// describeManifest tells about a single image, or about an artifact that is stored
// in an image's form, as Helm charts and signatures are.
func (c *Client) describeManifest(ctx context.Context, repo name.Repository, raw RawManifest) (Description, error) {
	d := Description{Digest: raw.Digest, MediaType: raw.MediaType}
	m, err := v1.ParseManifest(bytes.NewReader(raw.Body))
	if err != nil {
		return Description{}, fmt.Errorf("%w: the manifest isn't one: %w", ErrBadAnswer, err)
	}
	if d.Size, err = sizeOf(m); err != nil {
		return Description{}, err
	}
	d.Created = createdAt(m.Annotations[createdAnnotation])
	if d.ArtifactType = artifactType(m, raw.MediaType); d.ArtifactType != "" {
		d.Labels = merge(nil, m.Annotations)
		return d, nil
	}
	config, err := c.imageConfig(ctx, repo, m.Config)
	if err != nil {
		return Description{}, err
	}
	if built := createdAt(config.Created); !built.IsZero() {
		d.Created = built
	}
	d.Labels = merge(merge(nil, config.Config.Labels), m.Annotations)
	if p := platform(config.OS, config.Architecture, config.Variant); p != "" {
		d.Platforms = []string{p}
	}
	return d, nil
}

func (c *Client) imageConfig(ctx context.Context, repo name.Repository, d v1.Descriptor) (imageConfig, error) {
	var config imageConfig
	if !isDigest(d.Digest.String()) {
		return config, fmt.Errorf("%w: the config's digest is %q", ErrUnsupported, d.Digest)
	}
	if d.Size > maxConfig {
		return config, fmt.Errorf("%w: the config has %d bytes, more than %d", ErrBadAnswer, d.Size, maxConfig)
	}
	body, err := c.blob(ctx, repo, d.Digest.String(), maxConfig)
	if err != nil {
		return config, fmt.Errorf("reading the config: %w", err)
	}
	if err := json.Unmarshal(body, &config); err != nil {
		return config, fmt.Errorf("%w: the config isn't one: %w", ErrBadAnswer, err)
	}
	return config, nil
}

// artifactType is empty for a container image.
func artifactType(m *v1.Manifest, mediaType string) string {
	switch {
	case m.ArtifactType != "":
		return m.ArtifactType
	case m.Config.MediaType.IsConfig():
		return ""
	case m.Config.MediaType != "":
		return string(m.Config.MediaType)
	}
	return mediaType
}

// sizeOf adds up what a node pulls. The sizes are the publisher's words.
func sizeOf(m *v1.Manifest) (int64, error) {
	var sum int64
	for _, d := range append(slices.Clone(m.Layers), m.Config) {
		if d.Size < 0 || d.Size > maxSize || sum+d.Size > maxSize {
			return 0, fmt.Errorf("%w: the manifest has a layer of %d bytes", ErrBadAnswer, d.Size)
		}
		sum += d.Size
	}
	return sum, nil
}

// platform gives "os/architecture[/variant]", or nothing where that isn't known or
// isn't a name: it is compared and shown, and comes from whoever pushed the image.
func platform(os, architecture, variant string) string {
	parts := []string{os, architecture}
	if variant != "" {
		parts = append(parts, variant)
	}
	for _, part := range parts {
		if part == "" || part == "unknown" || len(part) > 32 || strings.ContainsFunc(part, notOfName) {
			return ""
		}
	}
	return strings.Join(parts, "/")
}

func notOfName(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && r != '.' && r != '-' && r != '_'
}

func platformOf(p *v1.Platform) string {
	if p == nil {
		return ""
	}
	return platform(p.OS, p.Architecture, p.Variant)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// isImage tells whether an index's entry is an image, as opposed to an attestation
// or another artifact that merely stands beside it.
func isImage(d v1.Descriptor) bool {
	unknown := d.Platform != nil && (d.Platform.OS == "unknown" || d.Platform.Architecture == "unknown")
	return (d.MediaType.IsImage() || d.MediaType == "") && !unknown && d.Annotations["vnd.docker.reference.type"] == "" &&
		(d.ArtifactType == "" || types.MediaType(d.ArtifactType).IsConfig())
}
