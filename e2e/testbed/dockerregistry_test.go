package testbed_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestDockerRegistry(t *testing.T) {
	registry := testbed.DockerRegistry(t, testbed.RegistryOptions{User: "robot", Password: "s3cret"})
	var want []string
	for i := range 1500 { // more than one page of a registry that has pages
		want = append(want, fmt.Sprintf("1.0.%04d", i))
	}
	digest, err := registry.WriteTags("many/tags", want)
	if err != nil {
		t.Fatal(err)
	}
	repository := repositoryOf(t, registry, "many/tags")
	options := []remote.Option{
		remote.WithContext(t.Context()), remote.WithPageSize(10),
		remote.WithAuth(&authn.Basic{Username: "robot", Password: "s3cret"}),
	}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		t.Fatal(err)
	}
	lister, err := puller.Lister(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	page, err := lister.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if page.Next != "" || slices.IsSorted(page.Tags) {
		t.Errorf("the list is sorted: %t, and goes on at %q; want neither", slices.IsSorted(page.Tags), page.Next)
	}
	slices.Sort(page.Tags)
	if diff := cmp.Diff(want, page.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	head, err := remote.Head(repository.Tag("1.0.1234"), options...)
	if err != nil {
		t.Fatal(err)
	}
	if got := head.Digest.String(); got != digest {
		t.Errorf("digest of a written tag is %s, want %s", got, digest)
	}
}
