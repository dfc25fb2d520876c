package registry_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestManifestAndBlob(t *testing.T) {
	s := newStore(t, registrytest.Options{Username: "user", Password: "s3cret", Token: true})
	if _, err := s.server.Push("app", "1", newFakeTime().Now(), nil); err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, s.server.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
	m, err := client.Manifest(t.Context(), s.repository(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != digestOf(m.Body) || m.MediaType != "application/vnd.docker.distribution.manifest.v2+json" {
		t.Errorf("the manifest is %s of %s: %s", m.Digest, m.MediaType, m.Body)
	}
	same, err := client.Round().Manifest(t.Context(), s.repository(), m.Digest)
	if diff := cmp.Diff(m, same); diff != "" || err != nil {
		t.Errorf("by digest %v (-tag +digest):\n%s", err, diff)
	}
	_, config, _ := bytes.Cut(m.Body, []byte(`"digest":"`))
	digest := string(config[:71])
	body, err := client.Round().Blob(t.Context(), s.repository(), digest, 1<<20)
	if err != nil || digestOf(body) != digest {
		t.Errorf("the config is %q, %v", body, err)
	}
	if got := s.server.Requests()[registrytest.KindManifest]; got != 1 {
		t.Errorf("the manifest was read %d times", got)
	}
}

func TestManifestAndBlobErrors(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	blob := digestIn(t, s.blob(ociLayer, bytes.Repeat([]byte("x"), 1000)))
	client, _ := newClient(t, s.server.Host(), nil)
	tests := []struct {
		name string
		ask  func() error
		want error
	}{
		{"no such tag", func() error { _, err := client.Manifest(t.Context(), s.repository(), "none"); return err }, registry.ErrNotFound},
		{"no such digest", func() error { _, err := client.Manifest(t.Context(), s.repository(), digestOf(nil)); return err }, registry.ErrNotFound},
		{"not a tag", func() error { _, err := client.Manifest(t.Context(), s.repository(), "../x"); return err }, registry.ErrInvalid},
		{"half a digest", func() error { _, err := client.Describe(t.Context(), s.repository(), "sha256:abc"); return err }, registry.ErrInvalid},
		{"a blob by tag", func() error { _, err := client.Blob(t.Context(), s.repository(), "1", 10); return err }, registry.ErrInvalid},
		{"referrers by tag", func() error { _, err := client.Referrers(t.Context(), s.repository(), "1", ""); return err }, registry.ErrInvalid},
		{"no such blob", func() error { _, err := client.Blob(t.Context(), s.repository(), digestOf(nil), 10); return err }, registry.ErrNotFound},
		{"a large blob", func() error { _, err := client.Blob(t.Context(), s.repository(), blob, 999); return err }, registry.ErrBadAnswer},
		{"in a round", func() error { _, err := client.Round().Manifest(t.Context(), s.repository(), "none"); return err }, registry.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantKind(t, tt.ask(), tt.want) })
	}
	if body, err := client.Blob(t.Context(), s.repository(), blob, 1000); err != nil || len(body) != 1000 {
		t.Errorf("a blob of just the limit gives %d bytes, %v", len(body), err)
	}
	if _, err := client.Blob(t.Context(), s.repository(), blob, 999); err == nil {
		t.Error("a large blob is given from the cache")
	}
}

// The default cache is bounded: what was used the longest ago is read again.
func TestCacheIsBounded(t *testing.T) {
	s := newStore(t, registrytest.Options{})
	client, _ := newClient(t, s.server.Host(), nil)
	var digests []string
	for i := range 5 {
		digests = append(digests, digestIn(t, s.blob(ociLayer, bytes.Repeat([]byte{byte(i)}, 7<<20))))
	}
	read := func(i int) int {
		t.Helper()
		s.server.ResetRequests()
		if _, err := client.Blob(t.Context(), s.repository(), digests[i], 8<<20); err != nil {
			t.Fatal(err)
		}
		return s.server.Requests()[registrytest.KindBlob]
	}
	var got []int
	for _, i := range []int{0, 1, 2, 3, 0, 4, 0, 1} { // 32 MiB hold four of them
		got = append(got, read(i))
	}
	if diff := cmp.Diff([]int{1, 1, 1, 1, 0, 1, 0, 1}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// referring is a manifest of the type that refers to the subject.
func referring(subject doc, artifactType string) doc {
	return doc{
		"schemaVersion": 2, "mediaType": ociManifest, "artifactType": artifactType, "subject": subject,
		"config": doc{"mediaType": artifactType, "digest": digestOf([]byte("{}")), "size": 2}, "layers": []doc{},
	}
}

func TestReferrers(t *testing.T) {
	const bundle, sbom = "application/vnd.dev.sigstore.bundle.v0.3+json", "application/spdx+json"
	// go-containerregistry's registry, with the API.
	server := httptest.NewServer(ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	fallback := newStore(t, registrytest.Options{})
	subject := digestIn(t, fallback.image("1", doc{"os": "linux", "architecture": "amd64"}, nil))
	var refs []doc
	for _, kind := range []string{bundle, sbom} {
		refs = append(refs, with(fallback.manifest("", ociManifest, referring(doc{"mediaType": ociManifest, "digest": subject, "size": 1}, kind)), "artifactType", kind))
	}
	fallback.index("sha256-"+strings.TrimPrefix(subject, "sha256:"), nil, append(refs, refs[0])...)
	for _, kind := range []string{bundle, sbom} {
		body := encode(t, referring(doc{"mediaType": ociManifest, "digest": subject, "size": 1}, kind))
		putRaw(t, server.URL+"/v2/app/manifests/"+digestOf(body), body)
	}
	for name, host := range map[string]string{"by the API": host, "by the tag": fallback.server.Host()} {
		t.Run(name, func(t *testing.T) {
			client, _ := newClient(t, host, nil)
			round := client.Round()
			all, err := round.Referrers(t.Context(), host+"/app", subject, "")
			if err != nil || len(all) != 2 || all[0].Digest >= all[1].Digest {
				t.Fatalf("all are %v, %v", all, err)
			}
			got, err := round.Referrers(t.Context(), host+"/app", subject, bundle)
			if err != nil {
				t.Fatal(err)
			}
			want := encode(t, referring(doc{"mediaType": ociManifest, "digest": subject, "size": 1}, bundle))
			if diff := cmp.Diff([]registry.Referrer{{Digest: digestOf(want), MediaType: ociManifest, ArtifactType: bundle, Size: int64(len(want))}}, got); diff != "" {
				t.Errorf("bundles (-want +got):\n%s", diff)
			}
			none, err := client.Referrers(t.Context(), host+"/app", digestOf([]byte("unsigned")), "")
			if err != nil || len(none) != 0 {
				t.Errorf("of an image that nothing refers to: %v, %v", none, err)
			}
		})
	}
}

func putRaw(t *testing.T, url string, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", ociManifest)
	resp, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only its status matters
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("PUT %s: %s", url, resp.Status)
	}
}

func TestHostileReferrers(t *testing.T) {
	list := func(n int) []byte {
		var all []doc
		for i := range n {
			all = append(all, doc{"mediaType": ociManifest, "digest": digestOf([]byte(fmt.Sprint(i))), "size": 1})
		}
		return encode(t, doc{"schemaVersion": 2, "manifests": all})
	}
	for name, body := range map[string][]byte{
		"no JSON": []byte("<html>"), "odd digests": []byte(`{"manifests":[{"digest":"sha256:../x"}]}`), "without end": list(1001),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, registrytest.Options{})
			s.server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindOther}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", ociIndex)
				_, _ = w.Write(body)
			})})
			client, _ := newClient(t, s.server.Host(), nil)
			got, err := client.Referrers(t.Context(), s.repository(), digestOf(nil), "")
			wantKind(t, err, registry.ErrBadAnswer)
			if got != nil {
				t.Errorf("%v beside an error", got)
			}
		})
	}
}
