package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// RawManifest is a manifest or an index, byte for byte as it was pushed.
type RawManifest struct {
	// MediaType is what the body says of itself, or what its fields make it where
	// it doesn't: the Content-Type isn't covered by the digest.
	MediaType string
	Digest    string // "sha256:…", of Body
	Body      []byte
}

const (
	opManifest = "reading the manifest"
	// maxManifest bounds a manifest, in bytes. Registries take 4 MiB, and seldom more.
	maxManifest = 4 << 20
)

// Manifest returns the manifest or index that a tag or a digest ("sha256:…")
// names. A tag is asked for by HEAD first; what a digest names is read once and
// then taken from Config.Cache. The body fits its digest, wherever it came from.
// A manifest of Docker's schema 1 gives ErrUnsupported. Every error is an *Error.
func (c *Client) Manifest(ctx context.Context, repository, reference string) (RawManifest, error) {
	var m RawManifest
	err := c.about(ctx, opManifest, repository, reference, func(ctx context.Context, repo name.Repository) error {
		digest, err := c.resolve(ctx, repo, reference)
		if err != nil {
			return err
		}
		m, err = c.manifest(ctx, repo, digest)
		return err
	})
	return m, err
}

// about checks what is asked for, bounds all the requests that an answer takes
// by the time of one call, and says in an *Error what went wrong.
func (c *Client) about(ctx context.Context, op, repository, reference string, ask func(context.Context, name.Repository) error) error {
	repo, err := c.parse(repository)
	if err == nil && !isDigest(reference) && !isTag(reference) {
		err = fmt.Errorf("%w: %q is neither a tag nor a digest of sha256", ErrInvalid, reference)
	}
	if err == nil {
		own, cancel := context.WithTimeout(ctx, c.config.CallTimeout)
		defer cancel()
		err = ask(own, repo)
	}
	if err != nil {
		return failure(ctx, op, written(repository, reference), err)
	}
	return nil
}

func written(repository, reference string) string {
	if isDigest(reference) {
		return repository + "@" + reference
	}
	return repository + ":" + reference
}

// resolve returns the digest that a reference names.
func (c *Client) resolve(ctx context.Context, repo name.Repository, reference string) (string, error) {
	if isDigest(reference) {
		return reference, nil
	}
	var digest string
	err := c.call(ctx, repo, func(ctx context.Context, p *remote.Puller, at name.Repository) error {
		d, err := p.Head(ctx, at.Tag(reference))
		if err != nil {
			return err
		}
		digest = d.Digest.String()
		return nil
	})
	if err == nil && !isDigest(digest) {
		err = fmt.Errorf("%w: the tag's digest is %q", ErrUnsupported, digest)
	}
	return digest, err
}

// manifest reads a manifest by digest.
func (c *Client) manifest(ctx context.Context, repo name.Repository, digest string) (RawManifest, error) {
	body, ok := c.fromCache(ctx, "manifest/", digest)
	if !ok {
		err := c.call(ctx, repo, func(ctx context.Context, p *remote.Puller, at name.Repository) error {
			var err error
			body, err = readManifest(ctx, p, at.Digest(digest))
			return err
		})
		if err != nil {
			return RawManifest{}, err
		}
	}
	mediaType, err := typeOf(body)
	if err != nil {
		return RawManifest{}, err
	}
	if !ok {
		c.config.Cache.Put("manifest/"+digest, body)
	}
	return RawManifest{MediaType: string(mediaType), Digest: digest, Body: body}, nil
}

// readManifest checks the digest itself: go-containerregistry takes the registry's
// word for signed manifests of schema 1.
func readManifest(ctx context.Context, p *remote.Puller, ref name.Digest) ([]byte, error) {
	d, err := p.Get(ctx, ref)
	switch {
	case err != nil:
		return nil, err
	case d.MediaType.IsSchema1():
		return nil, errSchema1()
	case len(d.Manifest) > maxManifest:
		return nil, fmt.Errorf("%w: the manifest is larger than %d bytes", ErrBadAnswer, maxManifest)
	case digestOf(d.Manifest) != ref.DigestStr():
		return nil, fmt.Errorf("%w: the manifest's digest is %s, not %s", ErrBadAnswer, digestOf(d.Manifest), ref.DigestStr())
	}
	return d.Manifest, nil
}

// fromCache gives what the digest names, where the cache has it unharmed.
func (c *Client) fromCache(ctx context.Context, kind, digest string) ([]byte, bool) {
	body, ok := c.config.Cache.Get(kind + digest)
	if ok && digestOf(body) != digest {
		c.config.Log.WarnContext(ctx, "passing over a damaged entry of the cache", "digest", digest)
		return nil, false
	}
	return body, ok
}

// typeOf tells what a manifest is. One that can be read as an index and as an
// image as well is refused, since two readers might take it for different things.
func typeOf(body []byte) (types.MediaType, error) {
	var m struct {
		SchemaVersion               int
		MediaType                   types.MediaType
		Manifests, Layers, FSLayers json.RawMessage
		Config                      json.RawMessage
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return "", fmt.Errorf("%w: the manifest isn't one: %w", ErrBadAnswer, err)
	}
	image := m.Layers != nil || m.Config != nil
	switch {
	case m.SchemaVersion == 1 || m.FSLayers != nil:
		return "", errSchema1()
	case m.Manifests != nil && image, m.Manifests != nil && m.MediaType.IsImage(), image && m.MediaType.IsIndex():
		return "", fmt.Errorf("%w: the manifest claims to be an index and an image at once", ErrBadAnswer)
	case m.MediaType != "":
		return m.MediaType, nil
	case m.Manifests != nil:
		return types.OCIImageIndex, nil
	case image:
		return types.OCIManifestSchema1, nil
	}
	return "", fmt.Errorf("%w: the manifest is neither an index nor an image, and doesn't say what it is", ErrUnsupported)
}

func errSchema1() error {
	return fmt.Errorf("%w: a manifest of Docker's schema 1, which registries have given up; push the image again", ErrUnsupported)
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// isDigest accepts digests of sha256 only, which are the ones that registries give.
func isDigest(reference string) bool {
	digits, found := strings.CutPrefix(reference, "sha256:")
	return found && len(digits) == 2*sha256.Size && strings.Trim(digits, "0123456789abcdef") == ""
}
