package registrytest

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Push makes a tiny linux/amd64 image and gives it the tag, past credentials,
// faults and counters, but not past OnEvent. The image holds one file that names
// repository and tag, so no two tags have the same digest. It returns that
// digest, "sha256:…", once the tag is listed.
func (s *Server) Push(repository, tag string, created time.Time, labels map[string]string) (digest string, err error) {
	ref, err := name.NewTag("registry.test/"+repository+":"+tag, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("naming the image: %w", err)
	}
	img, err := image(repository+":"+tag, created, labels)
	if err != nil {
		return "", fmt.Errorf("making the image %s:%s: %w", repository, tag, err)
	}
	hash, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("making the image %s:%s: %w", repository, tag, err)
	}
	if err := remote.Write(ref, img, remote.WithTransport(inProcess{http.HandlerFunc(s.serveStore)})); err != nil {
		return "", fmt.Errorf("pushing %s:%s: %w", repository, tag, err)
	}
	return hash.String(), nil
}

// PushTags gives many tags to one image, which is quick: ten thousand take a
// fraction of a second.
func (s *Server) PushTags(repository string, tags ...string) error {
	if len(tags) == 0 {
		return nil
	}
	if _, err := s.Push(repository, tags[0], time.Unix(0, 0), nil); err != nil {
		return err
	}
	store := inProcess{http.HandlerFunc(s.serveStore)}
	manifest, err := store.do(http.MethodGet, repository, tags[0], "", nil)
	if err != nil {
		return fmt.Errorf("reading %s:%s back: %w", repository, tags[0], err)
	}
	for _, tag := range tags[1:] {
		if _, err := store.do(http.MethodPut, repository, tag, string(types.DockerManifestSchema2), manifest); err != nil {
			return fmt.Errorf("tagging %s:%s: %w", repository, tag, err)
		}
	}
	return nil
}

func image(content string, created time.Time, labels map[string]string) (v1.Image, error) {
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	if err := archive.WriteHeader(&tar.Header{Name: "image", Mode: 0o644, Size: int64(len(content))}); err != nil {
		return nil, err
	}
	if _, err := archive.Write([]byte(content)); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, static.NewLayer(layer.Bytes(), types.DockerUncompressedLayer))
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Created = v1.Time{Time: created.UTC()}
	config.Config.Labels = maps.Clone(labels)
	return mutate.ConfigFile(img, config)
}

// inProcess is a transport that calls a handler instead of a network.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req = req.Clone(req.Context())
		req.Body = http.NoBody
	}
	answer := &recorder{status: http.StatusOK, header: http.Header{}}
	p.handler.ServeHTTP(answer, req)
	return answer.response(req), nil
}

func (p inProcess) do(method, repository, tag, mediaType string, body []byte) ([]byte, error) {
	url := "http://registry.test/v2/" + repository + "/manifests/" + tag
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	answer := &recorder{status: http.StatusOK, header: http.Header{}}
	p.handler.ServeHTTP(answer, req)
	if answer.status >= http.StatusBadRequest {
		return nil, fmt.Errorf("answered %d: %s", answer.status, answer.body.Bytes())
	}
	return answer.body.Bytes(), nil
}
