package registry_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
)

// TestConformance is what every registry must look like through the client,
// however different its answers are.
func TestConformance(t *testing.T) {
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			t.Run("tags are sorted and unique", s.testTags)
			t.Run("digest is that of the push", s.testDigest)
			t.Run("digest of an index is the index's", s.testIndex)
			t.Run("what isn't there", s.testUnknown)
			t.Run("credentials", s.testCredentials)
			t.Run("program", s.testProgram)
		})
	}
}

func (s server) testTags(t *testing.T) {
	repository := s.repository()
	// Neither the order of pushes nor that of versions is the bytes' own.
	s.push(t, repository, image(t), "latest", "1.0.9", "1.0.10", "1.0.10-rc.1", "v1.1.0", "_edge", "1.0.9")
	s.push(t, repository, image(t), "latest", "0.9.0")
	want := []string{"0.9.0", "1.0.10", "1.0.10-rc.1", "1.0.9", "_edge", "latest", "v1.1.0"}
	for _, tt := range []struct {
		name string
		page int
	}{
		{"page for all", 1000},
		{"page as large as the list", len(want)},
		{"last page of one", len(want) - 1},
		{"pages of three", 3},
		{"pages of one", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.client(t, registry.Config{PageSize: tt.page}).Tags(t.Context(), repository)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
		})
	}
}

func (s server) testDigest(t *testing.T) {
	repository, client := s.repository(), s.client(t, registry.Config{})
	for _, what := range []string{"first push", "tag pushed again"} {
		want := s.push(t, repository, image(t), "1.0.0")
		got, err := client.Digest(t.Context(), repository, "1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: got digest %s, want %s", what, got, want)
		}
	}
}

func (s server) testIndex(t *testing.T) {
	repository := s.repository()
	want := s.push(t, repository, index(t), "1.0.0")
	client := s.client(t, registry.Config{})
	got, err := client.Digest(t.Context(), repository, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got digest %s, want %s", got, want)
	}
	tags, err := client.Tags(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.0.0"}, tags); diff != "" {
		t.Errorf("its images pose as tags (-want +got):\n%s", diff)
	}
}

func (s server) testUnknown(t *testing.T) {
	repository, client := s.repository(), s.client(t, registry.Config{})
	s.push(t, repository, image(t), "1.0.0")
	if _, err := client.Digest(t.Context(), repository, "2.0.0"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("unknown tag: got %v, want ErrNotFound", err)
	}
	_, err := client.Tags(t.Context(), s.repository())
	if !errors.Is(err, registry.ErrNotFound) && !errors.Is(err, registry.ErrUnauthorized) {
		t.Errorf("unknown repository: got %v, want ErrNotFound or ErrUnauthorized", err)
	}
	var failure *registry.Error
	if !errors.As(err, &failure) || failure.Status == 0 || failure.Temporary() {
		t.Errorf("unknown repository: got %#v, want a lasting failure with its status", err)
	}
}

func (s server) testCredentials(t *testing.T) {
	repository := s.repository()
	want := s.push(t, repository, image(t), "1.0.0")
	right := keychain(s.owner)
	for _, tt := range []struct {
		name string
		keychain
		want error
	}{
		{"right", right, nil},
		{"wrong password", keychain{right.Username, "wrong"}, registry.ErrUnauthorized},
		// Gitea goes by the token alone: the right one with another name is right.
		{"unknown user", keychain{"nobody", "wrong"}, registry.ErrUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := newClient(t, registry.Config{Keychain: tt.keychain})
			_, err := client.Tags(t.Context(), repository)
			if !errors.Is(err, tt.want) {
				t.Errorf("listing: got %v, want %v", err, tt.want)
			}
			got, err := client.Digest(t.Context(), repository, "1.0.0")
			if !errors.Is(err, tt.want) || err == nil && got != want {
				t.Errorf("digest: got %q, %v; want %q, %v", got, err, want, tt.want)
			}
		})
	}
}
