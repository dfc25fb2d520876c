package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/towline-dev/towline/registry/registrytest"
)

// image is one that is published: an index with a manifest for each platform. Of layers
// there is the size only; nobody pulls them.
type image struct {
	name, tag string
	days      int // old
	size      int64
	platforms []string
	labels    map[string]string
}

func startRegistry(ctx context.Context, r *registrytest.Server) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return r.Start(l)
}

// publish pushes what the manifests name and what is newer.
func (s *scene) publish(ctx context.Context) error {
	amd, both := []string{"linux/amd64"}, []string{"linux/amd64", "linux/arm64"}
	source := func(project, version string) map[string]string {
		revision := sha256.Sum256([]byte(project + version))
		return map[string]string{
			"org.opencontainers.image.source":  s.gitea.URL + "/" + owner + "/" + project,
			"org.opencontainers.image.version": version, "org.opencontainers.image.revision": hex.EncodeToString(revision[:20]),
		}
	}
	for _, i := range []image{
		{"shop/frontend", "2.4.0", 61, 48_310_000, amd, source("frontend", "2.4.0")},
		{"shop/frontend", "2.4.1", 20, 48_330_000, amd, source("frontend", "2.4.1")},
		{"shop/frontend", "2.5.0", 6, 44_720_000, both, source("frontend", "2.5.0")},
		{"shop/api", "1.8.2", 33, 21_480_000, both, source("api", "1.8.2")},
		{"shop/api", "1.8.3", 4, 21_510_000, both, source("api", "1.8.3")},
		{"shop/worker", "4.2.1", 90, 31_000_000, both, source("api", "4.2.1")},
		{"shop/worker", "5.0.0", 11, 39_000_000, both, source("api", "5.0.0")},
		{"shop/search", "0.14.0", 50, 88_100_000, both, nil}, {"shop/search", "0.15.0", 9, 91_400_000, both, nil},
		{"shop/mail", "3.1.0", 50, 12_100_000, both, nil}, {"shop/mail", "3.1.1", 9, 12_100_000, both, nil},
		{"shop/docs", "1.0.0", 50, 9_100_000, both, nil}, {"shop/docs", "1.1.0", 8, 9_300_000, both, nil},
		{"shop/queue", "7.0.2", 50, 60_100_000, both, nil}, {"shop/queue", "7.0.3", 0, 60_100_000, both, nil},
	} {
		if err := i.push(ctx, s.registry.URL()); err != nil {
			return fmt.Errorf("%s:%s: %w", i.name, i.tag, err)
		}
	}
	return nil
}

func (i image) push(ctx context.Context, registry string) error {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, platform := range i.platforms {
		os, arch, _ := strings.Cut(platform, "/")
		config, err := json.Marshal(v1.ConfigFile{
			OS: os, Architecture: arch, Created: v1.Time{Time: time.Now().UTC().AddDate(0, 0, -i.days)}, Config: v1.Config{Labels: i.labels},
		})
		if err != nil {
			return err
		}
		blob := described(types.OCIConfigJSON, config)
		if err := i.send(ctx, http.MethodPost, registry, "blobs/uploads/?digest="+url.QueryEscape(blob.Digest.String()), blob, config); err != nil {
			return err
		}
		layer := described(types.OCILayer, []byte(i.name+i.tag+platform))
		layer.Size = i.size
		manifest, err := json.Marshal(v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: blob, Layers: []v1.Descriptor{layer}})
		if err != nil {
			return err
		}
		d := described(types.OCIManifestSchema1, manifest)
		d.Platform = &v1.Platform{OS: os, Architecture: arch}
		if err := i.send(ctx, http.MethodPut, registry, "manifests/"+d.Digest.String(), d, manifest); err != nil {
			return err
		}
		index.Manifests = append(index.Manifests, d)
	}
	data, err := json.Marshal(index)
	if err != nil {
		return err
	}
	return i.send(ctx, http.MethodPut, registry, "manifests/"+i.tag, described(types.OCIImageIndex, data), data)
}

func described(kind types.MediaType, data []byte) v1.Descriptor {
	sum := sha256.Sum256(data)
	return v1.Descriptor{MediaType: kind, Size: int64(len(data)), Digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}}
}

func (i image) send(ctx context.Context, method, registry, path string, d v1.Descriptor, data []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, registry+"/v2/"+i.name+"/"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", string(d.MediaType))
	_, err = answer(req, http.StatusCreated)
	return err
}

// answer sends a request and gives the body of the answer, which has to have a status.
func answer(req *http.Request, want int) ([]byte, error) {
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, resp.Status, bytes.TrimSpace(body))
	}
	return body, err
}
