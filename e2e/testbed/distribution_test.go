package testbed_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestDistribution(t *testing.T) {
	registry := testbed.Distribution(t)
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	repository := repositoryOf(t, registry, "team/app")
	if err := remote.Write(repository.Tag("1.0.0"), image, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := registry.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	tags, err := remote.List(repository, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.0.0"}, tags); diff != "" {
		t.Errorf("tags after a restart (-want +got):\n%s", diff)
	}
}

func TestDistributionAsksForPassword(t *testing.T) {
	registry := testbed.DistributionWith(t, testbed.RegistryOptions{User: "robot", Password: "s3cret"})
	if _, err := registry.WriteTags("private", []string{"1.0.0"}); err != nil {
		t.Fatal(err)
	}
	repository := repositoryOf(t, registry, "private")
	_, err := remote.List(repository, remote.WithContext(t.Context()))
	var refused *transport.Error
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusUnauthorized {
		t.Errorf("listing without a password: got %v, want status 401", err)
	}
	auth := remote.WithAuth(&authn.Basic{Username: "robot", Password: "s3cret"})
	if _, err := remote.List(repository, auth, remote.WithContext(t.Context())); err != nil {
		t.Errorf("listing with the password: %v", err)
	}
}

func TestDistributionWriteTags(t *testing.T) {
	registry := testbed.Distribution(t)
	var want []string
	for i := range 2500 { // more than two pages of distribution's thousand
		want = append(want, fmt.Sprintf("1.0.%04d", i))
	}
	digest, err := registry.WriteTags("many/tags", want)
	if err != nil {
		t.Fatal(err)
	}
	repository := repositoryOf(t, registry, "many/tags")
	got, err := remote.List(repository, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	head, err := remote.Head(repository.Tag("1.0.1234"), remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if got := head.Digest.String(); got != digest {
		t.Errorf("digest of a written tag is %s, want %s", got, digest)
	}
}

func repositoryOf(t *testing.T, registry *testbed.Registry, path string) name.Repository {
	t.Helper()
	repository, err := name.NewRepository(registry.Host+"/"+path, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return repository
}
