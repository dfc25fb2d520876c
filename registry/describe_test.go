package registry_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestDescribe(t *testing.T) {
	const created = "2026-03-04T05:06:07Z"
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	amd := doc{"os": "linux", "architecture": "amd64", "created": created, "config": doc{"Labels": doc{"a": "config", "b": "config", "c": "config"}}}
	arm := doc{"os": "linux", "architecture": "arm64", "variant": "v8", "created": "2026-01-01T00:00:00Z"}
	attestation := func(s store) doc { return s.manifest("", ociManifest, doc{"schemaVersion": 2, "layers": []doc{}}) }

	tests := []struct {
		name string
		push func(s store)
		want registry.Description
	}{
		{
			name: "a single image",
			push: func(s store) { s.image("1", amd, map[string]string{"b": "manifest"}) },
			want: registry.Description{
				MediaType: ociManifest, Created: at, Platforms: []string{"linux/amd64"},
				Labels: map[string]string{"a": "config", "b": "manifest", "c": "config"},
			},
		},
		{
			name: "an index",
			push: func(s store) {
				s.index("1", map[string]string{"c": "index"},
					on(s.image("", amd, map[string]string{"b": "manifest"}), "linux", "amd64", ""), on(s.image("", arm, nil), "linux", "arm64", "v8"),
					on(attestation(s), "unknown", "unknown", ""))
			},
			want: registry.Description{
				MediaType: ociIndex, Created: at, Platforms: []string{"linux/amd64", "linux/arm64/v8"},
				Labels: map[string]string{"a": "config", "b": "manifest", "c": "index"},
			},
		},
		{
			name: "an index that says when",
			push: func(s store) {
				s.index("1", map[string]string{"org.opencontainers.image.created": created}, on(s.image("", arm, nil), "linux", "arm64", "v8"))
			},
			want: registry.Description{
				MediaType: ociIndex, Created: at, Platforms: []string{"linux/arm64/v8"},
				Labels: map[string]string{"org.opencontainers.image.created": created},
			},
		},
		{
			name: "an attestation that stands first, marked by its annotation only",
			push: func(s store) {
				marked := with(attestation(s), "annotations", doc{"vnd.docker.reference.type": "attestation-manifest"})
				s.index("1", nil, marked, on(s.image("", arm, nil), "linux", "arm64", "v8"))
			},
			want: registry.Description{MediaType: ociIndex, Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Platforms: []string{"linux/arm64/v8"}},
		},
		{
			name: "an index without platforms",
			push: func(s store) {
				s.index("1", nil, s.image("", arm, nil), s.image("", doc{"os": "linux", "architecture": "s390x"}, nil))
			},
			want: registry.Description{MediaType: ociIndex, Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Platforms: []string{"linux/arm64/v8", "linux/s390x"}},
		},
		{
			name: "an index in an index",
			push: func(s store) { s.index("1", nil, s.index("", nil, on(s.image("", arm, nil), "linux", "arm64", "v8"))) },
			want: registry.Description{MediaType: ociIndex, Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Platforms: []string{"linux/arm64/v8"}},
		},
		{
			name: "an empty index",
			push: func(s store) { s.index("1", nil) },
			want: registry.Description{MediaType: ociIndex},
		},
		{
			name: "a reproducible build of 1970",
			push: func(s store) {
				s.image("1", doc{"os": "linux", "architecture": "amd64", "created": "1970-01-01T00:00:00Z"}, nil)
			},
			want: registry.Description{MediaType: ociManifest, Platforms: []string{"linux/amd64"}},
		},
		{
			name: "a reproducible build of year 1",
			push: func(s store) {
				s.image("1", doc{"os": "linux", "architecture": "amd64", "created": "0001-01-01T00:00:00Z"}, nil)
			},
			want: registry.Description{MediaType: ociManifest, Platforms: []string{"linux/amd64"}},
		},
		{
			name: "a reproducible build of 1980, whose annotation knows better",
			push: func(s store) {
				s.image("1", doc{"os": "linux", "architecture": "amd64", "created": "1980-01-01T00:00:01Z"}, map[string]string{"org.opencontainers.image.created": created})
			},
			want: registry.Description{
				MediaType: ociManifest, Created: at, Platforms: []string{"linux/amd64"}, Labels: map[string]string{"org.opencontainers.image.created": created},
			},
		},
		{
			name: "an image that doesn't say",
			push: func(s store) { s.image("1", doc{"created": "yesterday"}, nil) },
			want: registry.Description{MediaType: ociManifest},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, registrytest.Options{})
			tt.push(s)
			client, _ := newClient(t, s.server.Host(), nil)
			got, err := client.Describe(t.Context(), s.repository(), "1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(registry.Description{}, "Digest", "Size")); diff != "" {
				t.Errorf("Describe (-want +got):\n%s", diff)
			}
			if want, err := client.Digest(t.Context(), s.repository(), "1"); err != nil || got.Digest != want {
				t.Errorf("the digest is %s, want %s (%v)", got.Digest, want, err)
			}
			if tt.want.Platforms != nil && (got.Size <= 1000 || got.Size > 2000) {
				t.Errorf("the size is %d, want the layer's 1000 and the config's", got.Size)
			}
		})
	}
}

// Helm charts and signatures are stored as images are, and aren't any.
func TestDescribeArtifacts(t *testing.T) {
	const helm = "application/vnd.cncf.helm.config.v1+json"
	s := newStore(t, registrytest.Options{})
	chart := doc{
		"schemaVersion": 2, "annotations": doc{"org.opencontainers.image.created": "2026-03-04T05:06:07Z", "org.opencontainers.image.title": "shop"},
		"config": s.blob(helm, doc{"name": "shop", "version": "1.2.3"}),
		"layers": []doc{{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digestOf([]byte("chart")), "size": 7000}},
	}
	s.manifest("chart", ociManifest, chart)
	s.manifest("sbom", ociManifest, with(chart, "artifactType", "application/spdx+json"))
	client, _ := newClient(t, s.server.Host(), nil)

	got, err := client.Describe(t.Context(), s.repository(), "chart")
	if err != nil {
		t.Fatal(err)
	}
	want := registry.Description{
		MediaType: ociManifest, ArtifactType: helm, Created: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Labels: map[string]string{"org.opencontainers.image.created": "2026-03-04T05:06:07Z", "org.opencontainers.image.title": "shop"},
		Size:   7000 + int64(len(`{"name":"shop","version":"1.2.3"}`)),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(registry.Description{}, "Digest")); diff != "" {
		t.Errorf("the chart (-want +got):\n%s", diff)
	}
	if got, err = client.Describe(t.Context(), s.repository(), "sbom"); err != nil || got.ArtifactType != "application/spdx+json" {
		t.Errorf("the bill of materials is %+v, %v", got, err)
	}
	if got := s.server.Requests()[registrytest.KindBlob]; got != 0 {
		t.Errorf("%d configs of artifacts were read", got)
	}
}

// What a digest names is asked for once; a tag costs a HEAD.
func TestDescribeRequests(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	image := s.image("", doc{"os": "linux", "architecture": "amd64"}, nil)
	digest := digestIn(t, s.index("1", nil, on(image, "linux", "amd64", "")))
	client, _ := newClient(t, s.server.Host(), nil)
	describe := func(reference string) func() error {
		return func() error { _, err := client.Describe(t.Context(), s.repository(), reference); return err }
	}
	round := client.Round()
	inRound := func() error { _, err := round.Describe(t.Context(), s.repository(), "1"); return err }

	steps := []struct {
		name string
		ask  func() error
		want map[registrytest.Kind]int
	}{
		{"first", describe("1"), map[registrytest.Kind]int{registrytest.KindPing: 1, registrytest.KindManifestHead: 1, registrytest.KindManifest: 2, registrytest.KindBlob: 1}},
		{"the tag again", describe("1"), map[registrytest.Kind]int{registrytest.KindManifestHead: 1}},
		{"the digest", describe(digest), map[registrytest.Kind]int{}},
		{"in a round", inRound, map[registrytest.Kind]int{registrytest.KindManifestHead: 1}},
		{"in the round again", inRound, map[registrytest.Kind]int{}},
	}
	for _, step := range steps {
		s.server.ResetRequests()
		if err := step.ask(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, maps.Clone(s.server.Requests()), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("requests of %s (-want +got):\n%s", step.name, diff)
		}
	}
}

// An index may be there without all of its images, as in a mirror of one platform.
func TestDescribeSparseIndex(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	there := s.image("", doc{"os": "linux", "architecture": "arm64", "created": "2026-01-01T00:00:00Z"}, nil)
	index := encode(t, doc{"schemaVersion": 2, "manifests": []doc{
		on(doc{"mediaType": ociManifest, "digest": digestOf([]byte("elsewhere")), "size": 9}, "linux", "amd64", ""), on(there, "linux", "arm64", ""),
	}})
	// This registry takes no sparse index as such.
	s.manifest("1", "application/json", index)
	client, _ := newClient(t, s.server.Host(), nil)
	got, err := client.Describe(t.Context(), s.repository(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, got.Platforms); diff != "" || got.Created.IsZero() {
		t.Errorf("created %s, platforms (-want +got):\n%s", got.Created, diff)
	}
}
