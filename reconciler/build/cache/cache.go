package cache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/reconciler/build"
)

// Config says how much is remembered.
type Config struct {
	// Bytes bounds what is kept; 64 MiB by default. What was used least recently goes first.
	Bytes int64
}

// Cache remembers results. It is safe for concurrent use.
type Cache struct {
	store   store
	flights flights
}

// New gives an empty Cache.
func New(c Config) *Cache {
	if c.Bytes == 0 {
		c.Bytes = 64 << 20
	}
	return &Cache{store: newStore(c.Bytes), flights: flights{running: map[key]*flight{}}}
}

// Stats are counts since the start, and what is kept now.
type Stats struct {
	Hits, Misses int64
	Entries      int
	Bytes        int64
}

// Stats gives them.
func (c *Cache) Stats() Stats { return c.store.stats() }

// Wrap gives a builder whose results are remembered under its name. Only those
// options are part of the key that relevant leaves; nil leaves all. A file system
// that isn't a build.Hasher is built from each time.
func (c *Cache) Wrap(name string, b build.Builder, relevant func(build.Options) build.Options) *Builder {
	if relevant == nil {
		relevant = func(o build.Options) build.Options { return o }
	}
	return &Builder{Builder: b, cache: c, name: name, relevant: relevant}
}

// Builder is a build.Builder whose results are remembered.
type Builder struct {
	build.Builder
	cache    *Cache
	name     string
	relevant func(build.Options) build.Options
}

// Build gives the objects of Render.
func (b *Builder) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	rendered, err := b.Render(ctx, request)
	if err != nil {
		return nil, err
	}
	return rendered.Objects()
}

// Render gives the result of an earlier build of the same, or builds.
func (b *Builder) Render(ctx context.Context, request build.Request) (*build.Rendered, error) {
	request.Options = b.relevant(request.Options)
	files, ok := request.Files.(build.Hasher)
	if !ok {
		return render(ctx, b.Builder, request)
	}
	root, _, _, err := files.Identify(".", true)
	if err != nil {
		return nil, fmt.Errorf("looking at the repository's root: %w", err)
	}
	k, err := b.key(request)
	if err != nil {
		return nil, err
	}
	for {
		if r, ok := b.cache.store.find(k, root, files); ok {
			return r.rendered, r.err
		}
		r, mine := b.cache.flights.do(ctx, key(sha256.Sum256([]byte(string(k[:])+root))), func() result {
			return b.build(ctx, request, files, k, root)
		})
		if !mine && ctx.Err() == nil && (errors.Is(r.err, context.Canceled) || errors.Is(r.err, context.DeadlineExceeded)) {
			continue // the other was called off, not this one
		}
		return r.rendered, r.err
	}
}

func (b *Builder) key(request build.Request) (key, error) {
	options, err := request.Options.Sum()
	if err != nil {
		return key{}, err
	}
	return key(sha256.Sum256(fmt.Appendf(nil, "%q %q %s", b.name, request.Dir, options))), nil
}

// build builds, and remembers what only depends on the files.
func (b *Builder) build(ctx context.Context, request build.Request, files build.Hasher, k key, root string) result {
	noting := newRecorder(files)
	request.Files = noting
	var r result
	r.rendered, r.err = render(ctx, b.Builder, request)
	if r.err != nil && (!build.IsPermanent(r.err) || ctx.Err() != nil) {
		return r
	}
	foot, err := seal(files, noting.log.notes)
	if err != nil {
		return r // the next build will say what is wrong with the files
	}
	b.cache.store.add(k, &entry{foot: foot, root: root, result: r})
	return r
}

func render(ctx context.Context, b build.Builder, request build.Request) (*build.Rendered, error) {
	objects, err := b.Build(ctx, request)
	if err != nil {
		return nil, err
	}
	return build.Pack(objects)
}
