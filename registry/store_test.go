package registry_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/towline-dev/towline/registry/registrytest"
)

const (
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociConfig   = "application/vnd.oci.image.config.v1+json"
	ociLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// doc is a JSON document.
type doc = map[string]any

// store pushes documents as they are, sound or not, to the repository "app".
type store struct {
	t      *testing.T
	server *registrytest.Server
}

func newStore(t *testing.T, o registrytest.Options) store {
	return store{t, registrytest.New(t, o)}
}

// repository is how image names write the repository.
func (s store) repository() string { return s.server.Host() + "/app" }

// blob pushes a body, or a document that isn't one already, and gives its descriptor.
func (s store) blob(mediaType string, content any) doc {
	s.t.Helper()
	body := encode(s.t, content)
	s.put(http.MethodPost, "/v2/app/blobs/uploads/?digest="+digestOf(body), "application/octet-stream", body)
	return doc{"mediaType": mediaType, "digest": digestOf(body), "size": len(body)}
}

// manifest pushes a manifest under a tag, or by digest where that is "", and gives its descriptor.
func (s store) manifest(tag, mediaType string, content any) doc {
	s.t.Helper()
	body := encode(s.t, content)
	reference := tag
	if tag == "" {
		reference = digestOf(body)
	}
	s.put(http.MethodPut, "/v2/app/manifests/"+reference, mediaType, body)
	return doc{"mediaType": mediaType, "digest": digestOf(body), "size": len(body)}
}

// image pushes an image with the config and a layer of 1000 bytes.
func (s store) image(tag string, config doc, annotations map[string]string) doc {
	s.t.Helper()
	return s.manifest(tag, ociManifest, doc{
		"schemaVersion": 2, "mediaType": ociManifest, "annotations": annotations,
		"config": s.blob(ociConfig, config),
		"layers": []doc{{"mediaType": ociLayer, "digest": digestOf([]byte("layer")), "size": 1000}},
	})
}

// index pushes an index of the descriptors.
func (s store) index(tag string, annotations map[string]string, manifests ...doc) doc {
	s.t.Helper()
	return s.manifest(tag, ociIndex, doc{
		"schemaVersion": 2, "mediaType": ociIndex, "annotations": annotations, "manifests": manifests,
	})
}

func (s store) put(method, path, mediaType string, body []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL()+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	resp, err := new(http.Client).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only its status matters
	if resp.StatusCode != http.StatusCreated {
		s.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// on gives the descriptor of an image its platform.
func on(d doc, os, architecture, variant string) doc {
	return with(d, "platform", doc{"os": os, "architecture": architecture, "variant": variant})
}

func with(d doc, key string, value any) doc {
	changed := doc{key: value}
	for k, v := range d {
		if k != key {
			changed[k] = v
		}
	}
	return changed
}

func encode(t *testing.T, content any) []byte {
	t.Helper()
	if body, ok := content.([]byte); ok {
		return body
	}
	body, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// digestIn is the digest of a descriptor.
func digestIn(t *testing.T, d doc) string {
	t.Helper()
	text, ok := d["digest"].(string)
	if !ok {
		t.Fatalf("%v has no digest", d)
	}
	return text
}
