package registry

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Client asks registries. It is safe for use by many goroutines, and meant to
// be the only one of its process: the budget of a host lives in it.
type Client struct {
	config   Config
	hosts    *hosts
	sessions memo[string, *session] // by full repository name
	known    *knownPages
}

// New checks the configuration and fills in its defaults. It sends nothing.
func New(c Config) (*Client, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	client := &Client{
		config: c,
		hosts:  &hosts{config: c, byName: map[string]*host{}},
		known:  newKnownPages(c.MaxRemembered),
	}
	client.sessions.keep = func(_ *session, err error) bool { return err == nil }
	return client, nil
}

// Tags lists the repository's tags: all pages, sorted bytewise, without
// duplicates. They share memory: who keeps one of many for long keeps a
// strings.Clone. The repository is written as in an image name, without tag:
// "nginx", "ghcr.io/acme/app", "127.0.0.1:5000/app". What breaks the grammar of
// tags can't be pulled and is left out, with a warning in the log.
// Every error is an *Error.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	repo, err := c.parse(repository)
	if err != nil {
		return nil, failure(ctx, opTags, repository, err)
	}
	return c.tags(ctx, repo, repository)
}

// Digest returns the digest that the tag stands for now, as "sha256:…". It asks
// by HEAD, which Docker Hub doesn't count as a pull. Every error is an *Error.
func (c *Client) Digest(ctx context.Context, repository, tag string) (string, error) {
	repo, err := c.parse(repository)
	if err == nil && !isTag(tag) {
		err = fmt.Errorf("%w: tag %q", ErrInvalid, tag)
	}
	if err != nil {
		return "", failure(ctx, opDigest, repository+":"+tag, err)
	}
	return c.digest(ctx, repo, repository, tag)
}

const (
	opTags   = "listing tags"
	opDigest = "asking for the digest"
)

func (c *Client) tags(ctx context.Context, repo name.Repository, written string) ([]string, error) {
	var tags []string
	err := c.ask(ctx, repo, func(ctx context.Context, s *session) error {
		var err error
		tags, err = c.list(ctx, s)
		return err
	})
	if err != nil {
		return nil, failure(ctx, opTags, written, err)
	}
	return tags, nil
}

func (c *Client) digest(ctx context.Context, repo name.Repository, written, tag string) (string, error) {
	var digest string
	err := c.call(ctx, repo, func(ctx context.Context, p *remote.Puller, at name.Repository) error {
		d, err := p.Head(ctx, at.Tag(tag))
		if err != nil {
			return err
		}
		digest = d.Digest.String()
		return nil
	})
	if err != nil {
		return "", failure(ctx, opDigest, written+":"+tag, err)
	}
	return digest, nil
}

// parse reads a repository's name. Only hosts that are declared so are plain HTTP.
func (c *Client) parse(repository string) (name.Repository, error) {
	repo, err := name.NewRepository(repository)
	if err == nil && hostConfig(c.config, repo.RegistryStr()).PlainHTTP {
		repo, err = name.NewRepository(repository, name.Insecure)
	}
	if err != nil {
		return name.Repository{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return repo, nil
}
