package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/towline-dev/towline/e2e/testbed"
)

// exampleHost stands for a registry in examples/.
const exampleHost = "registry.example.com"

// examples reads the manifest repository that is committed: examples/, with the
// demo's registry in place of the made-up one.
func examples(host string) (map[string]string, error) {
	module, err := testbed.ModuleDir()
	if err != nil {
		return nil, err
	}
	root := filepath.Join(filepath.Dir(module), "examples")
	files := map[string]string{}
	fsys := os.DirFS(root)
	err = fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		files[path] = strings.ReplaceAll(string(data), exampleHost, host)
		return nil
	})
	return files, err
}

// publish pushes a version of the hello application: a static binary, built here.
func (s *stage) publish(version string) error {
	ref, err := name.NewTag(s.registry.Host() + "/" + image + ":" + version)
	if err != nil {
		return err
	}
	img, err := mutate.AppendLayers(empty.Image, s.hello)
	if err != nil {
		return err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", "amd64"
	file.Config.Entrypoint = []string{"/hello"}
	file.Config.Env = []string{"VERSION=" + version}
	file.Config.User = "65532"
	file.Config.Labels = map[string]string{"org.opencontainers.image.version": version}
	if img, err = mutate.ConfigFile(img, file); err != nil {
		return err
	}
	return remote.Write(ref, img)
}

// helloLayer builds the hello application and packs it as an image's layer.
func helloLayer(ctx context.Context, dir string) (v1.Layer, error) {
	module, err := testbed.ModuleDir()
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(dir, "hello")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./demo/hello")
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the hello application: %w\n%s", err, out)
	}
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	if err := w.WriteHeader(&tar.Header{Name: "hello", Mode: 0o755, Size: int64(len(data))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil })
}
