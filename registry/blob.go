package registry

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const opBlob = "reading the blob"

// Blob returns the blob that the digest ("sha256:…") names, of at most limit bytes
// (and at most Config.MaxBody). It fits its digest, wherever it came from. Like a
// manifest it is read once and kept in Config.Cache. Every error is an *Error.
func (c *Client) Blob(ctx context.Context, repository, digest string, limit int64) ([]byte, error) {
	var body []byte
	err := c.about(ctx, opBlob, repository, digest, func(ctx context.Context, repo name.Repository) error {
		if !isDigest(digest) {
			return fmt.Errorf("%w: %q isn't a digest of sha256", ErrInvalid, digest)
		}
		var err error
		body, err = c.blob(ctx, repo, digest, limit)
		return err
	})
	return body, err
}

func (c *Client) blob(ctx context.Context, repo name.Repository, digest string, limit int64) ([]byte, error) {
	body, ok := c.fromCache(ctx, "blob/", digest)
	if !ok {
		err := c.call(ctx, repo, func(ctx context.Context, p *remote.Puller, at name.Repository) error {
			var err error
			body, err = readBlob(ctx, p, at.Digest(digest), limit)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if int64(len(body)) > limit {
		return nil, errLarge(limit)
	}
	if !ok {
		c.config.Cache.Put("blob/"+digest, body)
	}
	return body, nil
}

func readBlob(ctx context.Context, p *remote.Puller, ref name.Digest, limit int64) (body []byte, err error) {
	layer, err := p.Layer(ctx, ref)
	if err != nil {
		return nil, err
	}
	r, err := layer.Compressed() // as it is stored: nothing is decompressed
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	body, err = io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) > limit:
		return nil, errLarge(limit)
	case digestOf(body) != ref.DigestStr():
		return nil, fmt.Errorf("%w: the blob's digest is %s, not %s", ErrBadAnswer, digestOf(body), ref.DigestStr())
	}
	return body, nil
}

func errLarge(limit int64) error {
	return fmt.Errorf("%w: the blob is larger than %d bytes", ErrBadAnswer, limit)
}
