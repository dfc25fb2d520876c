package kustomize

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// errSchema says that a kustomization brings an OpenAPI schema of its own, for which a
// build must be alone.
var errSchema = errors.New("a schema of its own")

// errAbandoned says that a build's context ended before the library did.
var errAbandoned = errors.New("rendering was given up")

// turns lets builds run side by side. The library keeps the OpenAPI schema in variables
// of its package, which are read without a lock: a kustomization that names a schema
// needs the library for itself, and leaves it as it was.
type turns struct {
	all    int64
	places *semaphore.Weighted
	warm   sync.Once
}

func newTurns() *turns {
	all := int64(runtime.GOMAXPROCS(0))
	return &turns{all: all, places: semaphore.NewWeighted(all)}
}

// shared runs f beside others.
func (t *turns) shared(ctx context.Context, f func() error) error {
	if err := t.places.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for other kustomizations: %w: %w", errAbandoned, err)
	}
	return t.run(ctx, 1, func() error {
		t.warm.Do(loadSchema) // so that nobody writes while others read
		return f()
	})
}

// alone runs f while no other runs.
func (t *turns) alone(ctx context.Context, f func() error) error {
	if err := t.places.Acquire(ctx, t.all); err != nil {
		return fmt.Errorf("waiting for other kustomizations: %w: %w", errAbandoned, err)
	}
	return t.run(ctx, t.all, func() error {
		defer loadSchema()
		defer openapi.ResetOpenAPI()
		return f()
	})
}

// run waits for f no longer than for ctx: the library knows no contexts. A build that
// nobody waits for keeps its places until it is done.
func (t *turns) run(ctx context.Context, places int64, f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer t.places.Release(places)
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errAbandoned, ctx.Err())
	}
}

// loadSchema has the library read its own schema now.
func loadSchema() {
	openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"})
}
