package node_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/towline-dev/towline/e2e/testbed"
)

// program builds a program without C, as deploy/Dockerfile does.
func program(t *testing.T, dir, pkg string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s", "-o", file, pkg)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// push makes an image of a program, as deploy/Dockerfile lays it out, and returns its name.
func push(t *testing.T, registry *testbed.Registry, repository, tag string, content []byte, args ...string) string {
	t.Helper()
	const path = "usr/local/bin/towline"
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	for _, err := range []error{
		w.WriteHeader(&tar.Header{Name: path, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}),
		write(w, content), w.WriteHeader(&tar.Header{Name: "tmp/", Mode: 0o1777, Typeflag: tar.TypeDir}), w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil },
		tarball.WithCompressionLevel(gzip.BestSpeed))
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", RootFS: rootFS(t, image),
		Config: v1.Config{Entrypoint: append([]string{"/" + path}, args...), User: "65532:65532", Labels: map[string]string{"tag": tag}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(registry.Host + "/" + repository + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	// Before the first test's context there is none that lasts as long as the node.
	if err := remote.Write(ref, image, remote.WithContext(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatal(err)
	}
	return ref.Name()
}

func write(w io.Writer, content []byte) error {
	_, err := w.Write(content)
	return err
}

func rootFS(t *testing.T, image v1.Image) v1.RootFS {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config.RootFS
}
