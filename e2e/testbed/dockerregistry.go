package testbed

import (
	"context"
	"errors"
	"io"
	"path/filepath"
)

// DockerRegistry starts the registry that Debian ships, distribution 2.8, that
// ends with the test. It answers a listing whole and unsorted, whatever page
// was asked for. Where Debian's package can't be had, the test is skipped.
func DockerRegistry(tb TB, o RegistryOptions) *Registry {
	tb.Helper()
	if lacks := missing(debianTools()); lacks != "" {
		tb.Skipf("SKIPPED, as this machine has no %s to fetch docker-registry with", lacks)
	}
	registry, err := StartDockerRegistry(tb.Context(), o)
	if errors.Is(err, errNoPackage) {
		tb.Skipf("SKIPPED, as docker-registry can't be had: %v", err)
	}
	if err != nil {
		tb.Fatalf("%v", err)
	}
	stopAfter(tb, "docker-registry", registry)
	return registry
}

// StartDockerRegistry starts Debian's registry. It is for the caller to call Stop.
func StartDockerRegistry(ctx context.Context, o RegistryOptions) (*Registry, error) {
	path, err := fetchDockerRegistry(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	return startRegistry(ctx, path, "docker-registry", o)
}

// fetchDockerRegistry returns the path of Debian's registry.
func fetchDockerRegistry(ctx context.Context, progress io.Writer) (string, error) {
	dir, err := unpackDebian(ctx, progress, "docker-registry")
	return filepath.Join(dir, "usr", "bin", "docker-registry"), err
}
