package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/registry"
)

// versions returns so many tags, sorted bytewise.
func versions(count int) []string {
	tags := make([]string, 0, count)
	for i := range count {
		tags = append(tags, fmt.Sprintf("1.%d.%d", i/100, i%100))
	}
	slices.Sort(tags)
	return tags
}

func writeTags(t *testing.T, r *testbed.Registry, repository string, tags []string) (digest string) {
	t.Helper()
	digest, err := r.WriteTags(repository, tags)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestDistributionPages(t *testing.T) {
	t.Parallel()
	r := testbed.DistributionWith(t, password())
	written := map[int]bool{}
	for _, tt := range []struct {
		name       string
		tags, page int
		want       int // requests
	}{
		// A page that is full has a link to the next one, be that empty or not.
		{"one tag less than a page", 999, 1000, 1},
		{"one page that is full", 1000, 1000, 2},
		{"one tag more than a page", 1001, 1000, 2},
		{"ten full pages", 1000, 100, 11},
		{"a page that isn't full", 1000, 300, 4},
		{"page of more than the registry gives", 1001, 2000, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, repository := versions(tt.tags), fmt.Sprintf("paged/%d", tt.tags)
			if !written[tt.tags] {
				writeTags(t, r, repository, want)
				written[tt.tags] = true
			}
			sent := &recorder{}
			s := withPassword("", r)
			got, err := s.client(t, registry.Config{PageSize: tt.page, Transport: sent}).Tags(t.Context(), r.Host+"/"+repository)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			if got := sent.take()["GET list"]; got != tt.want {
				t.Errorf("the list took %d requests, want %d", got, tt.want)
			}
		})
	}
}

// TestMissingCredentials holds for the two registries that let nobody in without.
func TestMissingCredentials(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"distribution", "docker-registry"} {
		t.Run(name, func(t *testing.T) {
			s := servers()[name](t)
			repository := s.repository()
			s.push(t, repository, image(t), "1.0.0")

			client := newClient(t, registry.Config{Keychain: keychain{}})
			if _, err := client.Tags(t.Context(), repository); !errors.Is(err, registry.ErrUnauthorized) {
				t.Errorf("listing: got %v, want ErrUnauthorized", err)
			}
			if _, err := client.Digest(t.Context(), repository, "1.0.0"); !errors.Is(err, registry.ErrUnauthorized) {
				t.Errorf("digest: got %v, want ErrUnauthorized", err)
			}
			p := newProgram(t, repository)
			if got, code := p.scan(t); code != 1 || len(got) != 1 || !got[0].Failed {
				t.Errorf("the program gives %+v and exit status %d, want a failed row and 1", got, code)
			}
			// The password of another host isn't this one's.
			p.signIn(t, "registry.example.test", s.owner)
			if got, code := p.scan(t); code != 1 || len(got) != 1 || !got[0].Failed {
				t.Errorf("with another host's password the program gives %+v and exit status %d, want a failed row and 1", got, code)
			}
		})
	}
}
