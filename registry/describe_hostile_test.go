package registry_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// image1 is a manifest with the config and no layers.
func image1(config doc) doc {
	return doc{"schemaVersion": 2, "mediaType": ociManifest, "config": config, "layers": []doc{}}
}

func TestDescribeHostile(t *testing.T) {
	sound := doc{"os": "linux", "architecture": "amd64"}
	tests := []struct {
		name string
		push func(s store)
		want error
		text string
	}{
		{name: "a config that isn't JSON", want: registry.ErrBadAnswer, text: "the config isn't one", push: func(s store) {
			s.manifest("1", ociManifest, image1(s.blob(ociConfig, []byte("<html>"))))
		}},
		{name: "a config of another type", want: registry.ErrBadAnswer, text: "the config isn't one", push: func(s store) {
			s.image("1", doc{"os": []int{1}}, nil)
		}},
		{name: "10 MB of labels", want: registry.ErrBadAnswer, text: "more than 4194304", push: func(s store) {
			s.image("1", doc{"config": doc{"Labels": doc{"a": strings.Repeat("x", 10<<20)}}}, nil)
		}},
		{name: "10 MB of labels in a config that claims to be small", want: registry.ErrBadAnswer, text: "larger than 4194304 bytes", push: func(s store) {
			config := s.blob(ociConfig, doc{"config": doc{"Labels": doc{"a": strings.Repeat("x", 10<<20)}}})
			s.manifest("1", ociManifest, image1(with(config, "size", 100)))
		}},
		{name: "a huge manifest", want: registry.ErrBadAnswer, text: "larger than 4194304 bytes", push: func(s store) {
			s.image("1", sound, map[string]string{"a": strings.Repeat("x", 5<<20)})
		}},
		{name: "a deeply nested manifest", want: registry.ErrBadAnswer, text: "the manifest isn't one", push: func(s store) {
			s.manifest("1", ociManifest, []byte(strings.Repeat("[", 50_000)))
		}},
		{name: "an index that is an image as well", want: registry.ErrBadAnswer, text: "at once", push: func(s store) {
			s.manifest("1", ociManifest, with(image1(s.blob(ociConfig, sound)), "manifests", []doc{}))
		}},
		{name: "an index that calls itself an image", want: registry.ErrBadAnswer, text: "at once", push: func(s store) {
			s.manifest("1", ociManifest, doc{"schemaVersion": 2, "mediaType": ociManifest, "manifests": []doc{}})
		}},
		{name: "nothing", want: registry.ErrUnsupported, text: "neither an index nor an image", push: func(s store) {
			s.manifest("1", ociManifest, doc{})
		}},
		{name: "schema 1", want: registry.ErrUnsupported, text: "schema 1", push: func(s store) {
			s.manifest("1", "application/vnd.docker.distribution.manifest.v1+prettyjws", doc{"schemaVersion": 1, "fsLayers": []doc{}})
		}},
		{name: "schema 1 in disguise", want: registry.ErrUnsupported, text: "schema 1", push: func(s store) {
			s.manifest("1", ociManifest, doc{"schemaVersion": 1, "fsLayers": []doc{}})
		}},
		{name: "negative sizes", want: registry.ErrBadAnswer, text: "a layer of -5 bytes", push: func(s store) {
			s.manifest("1", ociManifest, with(image1(s.blob(ociConfig, sound)), "layers", []doc{{"mediaType": ociLayer, "digest": digestOf(nil), "size": -5}}))
		}},
		{name: "indexes without end", want: registry.ErrUnsupported, text: "indexes that hold indexes", push: func(s store) {
			s.index("1", nil, s.index("", nil, s.index("", nil, s.image("", sound, nil))))
		}},
		{name: "many indexes", want: registry.ErrBadAnswer, text: "more than 16 manifests", push: func(s store) {
			var inner []doc
			for i := range 20 {
				inner = append(inner, s.index("", map[string]string{"n": fmt.Sprint(i)}))
			}
			s.index("1", nil, inner...)
		}},
		{name: "many images", want: registry.ErrBadAnswer, text: "more than 1000 images", push: func(s store) {
			image := on(s.image("", sound, nil), "linux", "amd64", "")
			s.index("1", nil, bytesOf(image, 1001)...)
		}},
		{name: "a config that isn't there", want: registry.ErrNotFound, text: "BLOB_UNKNOWN", push: func(s store) {
			s.manifest("1", ociManifest, image1(doc{"mediaType": ociConfig, "digest": digestOf([]byte("gone")), "size": 1}))
		}},
		{name: "a config by a path", want: registry.ErrBadAnswer, text: "the manifest isn't one", push: func(s store) {
			s.manifest("1", ociManifest, image1(doc{"mediaType": ociConfig, "digest": "sha256:../../../../etc", "size": 1}))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, registrytest.Options{})
			tt.push(s)
			client, _ := newClient(t, s.server.Host(), nil)
			got, err := client.Describe(t.Context(), s.repository(), "1")
			wantKind(t, err, tt.want)
			if err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("the error is %v, want %q in it", err, tt.text)
			}
			if diff := cmp.Diff(registry.Description{}, got); diff != "" {
				t.Errorf("a description beside an error: %s", diff)
			}
		})
	}
}

func bytesOf(d doc, n int) []doc {
	all := make([]doc, n)
	for i := range all {
		all[i] = d
	}
	return all
}

// A registry that serves something else than what a digest names is found out.
func TestWrongContent(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	index := digestIn(t, s.index("1", nil, on(s.image("", doc{"os": "linux", "architecture": "amd64"}, nil), "linux", "amd64", "")))
	other := encode(t, doc{"schemaVersion": 2, "manifests": []doc{{"mediaType": ociIndex, "digest": index, "size": 1}}}) // claims a cycle
	swapped := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ociIndex)
		w.Header().Set("Docker-Content-Digest", index)
		_, _ = w.Write(other)
	})
	signed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")
		w.Header().Set("Docker-Content-Digest", index) // which go-containerregistry believes for this type
		_, _ = w.Write(other)
	})
	tests := []struct {
		name  string
		fault registrytest.Fault
		want  error
	}{
		{"another index", registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindManifest}, Handler: swapped}, registry.ErrBadAnswer},
		{"a signed one that can't be checked", registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindManifest}, Handler: signed}, registry.ErrUnsupported},
		{"another config", registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindBlob}, Handler: swapped}, registry.ErrBadAnswer},
		{"another image in the index", registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindManifest}, Skip: 1, Handler: swapped}, registry.ErrBadAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.server.ClearFaults()
			s.server.AddFault(tt.fault)
			cache := mapCache{}
			client, _ := newClient(t, s.server.Host(), func(c *registry.Config) { c.Cache = cache })
			_, err := client.Describe(t.Context(), s.repository(), "1")
			wantKind(t, err, tt.want)
			for key, value := range cache {
				if bytes.Equal(value, other) {
					t.Errorf("the cache keeps the wrong content as %s", key)
				}
			}
		})
	}
}

// mapCache is a Cache for one goroutine that shows what it holds.
type mapCache map[string][]byte

func (m mapCache) Get(key string) ([]byte, bool) { v, ok := m[key]; return v, ok }

func (m mapCache) Put(key string, value []byte) { m[key] = value }

// What a cache lost or changed is read anew.
func TestDamagedCache(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	s.image("1", doc{"os": "linux", "architecture": "amd64"}, nil)
	cache := mapCache{}
	client, _ := newClient(t, s.server.Host(), func(c *registry.Config) { c.Cache = cache })
	want, err := client.Describe(t.Context(), s.repository(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if len(cache) != 2 {
		t.Fatalf("the cache holds %d entries, want manifest and config", len(cache))
	}
	for key := range cache {
		cache[key] = []byte(`{"os":"plan9"}`)
	}
	got, err := client.Describe(t.Context(), s.repository(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("from a damaged cache (-want +got):\n%s", diff)
	}
}

// Labels that are too long or too many are left out; the image is described all the same.
func TestDescribeManyLabels(t *testing.T) {
	labels := doc{"long": strings.Repeat("x", 5000), strings.Repeat("k", 300): "long key", "a": "kept"}
	for i := range 2000 {
		labels[fmt.Sprintf("n%04d", i)] = "x"
	}
	s := newStore(t, registrytest.Options{})
	s.image("1", doc{"os": "linux", "architecture": "amd64", "config": doc{"Labels": labels}}, nil)
	client, _ := newClient(t, s.server.Host(), nil)
	got, err := client.Describe(t.Context(), s.repository(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Labels) != 1000 || got.Labels["a"] != "kept" || got.Labels["long"] != "" {
		t.Errorf("%d labels are kept, a is %q and long has %d bytes", len(got.Labels), got.Labels["a"], len(got.Labels["long"]))
	}
}

// Names of platforms that can't be any, of which some are meant for terminals.
func TestDescribeOddPlatforms(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	image := s.image("", doc{"os": "linux", "architecture": "\x1b[31m"}, nil)
	s.index("1", nil, on(image, "linux", "amd64", ""), on(image, "linux", "amd64", ""), on(image, "linux", strings.Repeat("a", 100), ""),
		on(image, "li\nux", "amd64", ""), on(image, "linux", "", ""))
	client, _ := newClient(t, s.server.Host(), nil)
	got, err := client.Describe(t.Context(), s.repository(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"linux/amd64"}, got.Platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

// A mirror that serves something else is passed over for the registry itself.
func TestLyingMirror(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	digest := digestIn(t, s.image("1", doc{"os": "linux", "architecture": "amd64"}, nil))
	mirror := registrytest.New(t, registrytest.Options{})
	mirror.AddFault(registrytest.Fault{
		Kinds: []registrytest.Kind{registrytest.KindManifest, registrytest.KindBlob},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ociManifest)
			_, _ = w.Write([]byte(`{"schemaVersion": 2, "config": {}, "layers": []}`))
		}),
	})
	client, _ := newClient(t, s.server.Host(), func(c *registry.Config) {
		own := c.Hosts[s.server.Host()]
		own.Mirrors = []registry.Mirror{{Host: mirror.Host()}}
		c.Hosts[s.server.Host()] = own
		c.Hosts[mirror.Host()] = registry.HostConfig{PlainHTTP: true, QPS: 1e6, Burst: 1e6}
	})
	got, err := client.Describe(t.Context(), s.repository(), digest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"linux/amd64"}, got.Platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
	for _, kind := range []registrytest.Kind{registrytest.KindManifest, registrytest.KindBlob} {
		if mirror.Requests()[kind] == 0 {
			t.Errorf("the mirror wasn't asked for a %s", kind)
		}
	}
}
