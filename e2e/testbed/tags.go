package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// WriteTags gives a repository many tags, all of one empty image, which it
// pushes first. The tags are written into the registry's storage: ten thousand
// take seconds that way, and minutes by pushing. It returns the image's digest.
func (r *Registry) WriteTags(repository string, tags []string) (digest string, err error) {
	if len(tags) == 0 {
		return "", fmt.Errorf("writing tags of %s: there are none", repository)
	}
	digest, err = r.pushEmpty(repository, tags[0])
	if err != nil {
		return "", fmt.Errorf("pushing to %s: %w", repository, err)
	}
	root := r.dir.file("storage", "docker", "registry", "v2", "repositories", filepath.FromSlash(repository), "_manifests", "tags")
	for _, tag := range tags[1:] {
		if err := writeTag(filepath.Join(root, tag), digest); err != nil {
			return "", fmt.Errorf("writing tag %q of %s: %w", tag, repository, err)
		}
	}
	return digest, nil
}

// pushEmpty makes sure that the image that the tags are to name exists.
func (r *Registry) pushEmpty(repository, tag string) (string, error) {
	ref, err := name.NewTag(r.Host+"/"+repository+":"+tag, name.Insecure, name.StrictValidation)
	if err != nil {
		return "", err
	}
	auth := authn.Anonymous
	if r.User != "" {
		auth = &authn.Basic{Username: r.User, Password: r.Password}
	}
	if err := remote.Write(ref, empty.Image, remote.WithAuth(auth)); err != nil {
		return "", err
	}
	digest, err := empty.Image.Digest()
	return digest.String(), err
}

// writeTag writes what distribution's filesystem driver writes for a tag: the
// digest that it is now, and an entry in the index of all that it ever was.
func writeTag(dir, digest string) error {
	index := append([]string{dir, "index"}, strings.SplitN(digest, ":", 2)...)
	for _, link := range []string{filepath.Join(dir, "current"), filepath.Join(index...)} {
		if err := os.MkdirAll(link, 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(link, "link"), []byte(digest), 0o600); err != nil {
			return err
		}
	}
	return nil
}
