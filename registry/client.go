package registry

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Client asks registries. It is safe for use by many goroutines, and meant to
// be the only one of its process: the budget of a host lives in it.
type Client struct {
	config Config
	hosts  *hosts
	tag    *regexp.Regexp

	mu      sync.Mutex
	pullers map[string]*remote.Puller // by full repository name
}

// tagGrammar is the OCI distribution specification's (section "Pulling manifests").
const tagGrammar = `^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`

// New checks the configuration and fills in its defaults. It sends nothing.
func New(c Config) (*Client, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	tag, err := regexp.Compile(tagGrammar)
	if err != nil {
		return nil, fmt.Errorf("compiling the grammar of tags: %w", err)
	}
	return &Client{
		config: c, tag: tag,
		hosts:   &hosts{config: c, byName: map[string]*host{}},
		pullers: map[string]*remote.Puller{},
	}, nil
}

// Tags lists the repository's tags: all pages, sorted bytewise, without
// duplicates. The repository is written as in an image name, without tag:
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
	if err == nil && !c.tag.MatchString(tag) {
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
	err := c.call(ctx, repo, func(ctx context.Context, p *remote.Puller, at name.Repository) error {
		var err error
		tags, err = c.list(ctx, p, at)
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

// call runs ask with the time limit of a call, at the repository's mirrors and
// then at the repository itself, until one answers. ask gets the puller and the
// name of the repository there.
func (c *Client) call(ctx context.Context, repo name.Repository, ask asking) error {
	own, cancel := context.WithTimeout(ctx, c.config.CallTimeout)
	defer cancel()
	places, err := c.places(repo)
	if err != nil {
		return err
	}
	var failed placesError
	for i, at := range places {
		err := c.callAt(own, at, len(places)-i, ask)
		if err == nil {
			return nil
		}
		failed = append(failed, placeError{at.RegistryStr(), err})
		if own.Err() != nil {
			break
		}
	}
	return failed.orOnly()
}

// asking asks one question about the repository, at one of its places.
type asking func(ctx context.Context, p *remote.Puller, at name.Repository) error

// callAt asks at one place, within its share of the time that is left.
func (c *Client) callAt(ctx context.Context, at name.Repository, places int, ask asking) error {
	if end, ok := ctx.Deadline(); ok && places > 1 {
		share, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(places))
		defer cancel()
		ctx = share
	}
	for tried := 0; ; tried++ {
		p, err := c.puller(at)
		if err != nil {
			return err
		}
		err = ask(ctx, p, at)
		switch {
		case err == nil:
			return nil
		case unauthorized(err):
			// Credentials are read once a puller. They may have been replaced since:
			// the next call reads them anew.
			c.forget(at, p)
		case tried < 3 && cancelledByOther(ctx, err):
			// The first caller of a puller logs in for all who wait, with its own
			// context. When that ends, it isn't the others' failure.
			continue
		}
		return err
	}
}

func (c *Client) puller(repo name.Repository) (*remote.Puller, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pullers[repo.Name()]; p != nil {
		return p, nil
	}
	p, err := newPuller(c.config, c.hosts.get(repo.Registry), repo.Registry)
	if err != nil {
		return nil, err
	}
	c.pullers[repo.Name()] = p
	return p, nil
}

func (c *Client) forget(repo name.Repository, p *remote.Puller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pullers[repo.Name()] == p {
		delete(c.pullers, repo.Name())
	}
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
