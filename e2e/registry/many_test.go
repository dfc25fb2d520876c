package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/registry"
)

// TestTenThousandTags lists one and the same storage through two registries:
// one that gives a thousand tags at a time, and one that passes over n and last
// and gives all of them, in the file system's order.
func TestTenThousandTags(t *testing.T) {
	t.Parallel()
	o := password()
	o.Dir = t.TempDir()
	want := versions(10_000)
	pager := testbed.DistributionWith(t, o)
	digest := writeTags(t, pager, "many/tags", want)
	for _, tt := range []struct {
		name     string
		registry func(*testing.T) *testbed.Registry
		page     int
		want     int // requests
	}{
		{"distribution", func(*testing.T) *testbed.Registry { return pager }, 1000, 11},
		{"docker-registry", func(t *testing.T) *testbed.Registry { return testbed.DockerRegistry(t, o) }, 10, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := withPassword(tt.name, tt.registry(t))
			repository, sent := s.host+"/many/tags", &recorder{}
			client := s.client(t, registry.Config{PageSize: tt.page, Transport: sent})
			got, err := client.Tags(t.Context(), repository)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			if requests := sent.take(); requests["GET list"] != tt.want {
				t.Errorf("the requests were %v, want %d for the list", requests, tt.want)
			}
			if got, err := client.Digest(t.Context(), repository, "1.42.42"); err != nil || got != digest {
				t.Errorf("digest: got %q, %v; want %q", got, err, digest)
			}
			if requests := sent.take(); requests["HEAD manifest"] != 1 || requests["GET manifest"] != 0 {
				t.Errorf("the requests for the digest were %v, want one HEAD and no GET", requests)
			}
		})
	}
}
