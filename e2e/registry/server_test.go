package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/registry"
)

// server is a real registry with somebody who may push to it.
type server struct {
	name string
	host string
	// space stands before every repository's name, with a slash at its end.
	space string
	owner authn.Basic
}

// servers are those that the common suite runs against.
func servers() map[string]func(*testing.T) server {
	return map[string]func(*testing.T) server{
		"distribution": func(t *testing.T) server {
			return withPassword("distribution", testbed.DistributionWith(t, password()))
		},
		"docker-registry": func(t *testing.T) server {
			return withPassword("docker-registry", testbed.DockerRegistry(t, password()))
		},
		"gitea": func(t *testing.T) server {
			g := testbed.Gitea(t)
			return server{name: "gitea", host: giteaHost(g), space: g.User + "/", owner: authn.Basic{Username: g.User, Password: g.Token}}
		},
	}
}

func password() testbed.RegistryOptions {
	return testbed.RegistryOptions{User: "robot", Password: "s3cret"}
}

func withPassword(name string, r *testbed.Registry) server {
	return server{name: name, host: r.Host, owner: authn.Basic{Username: r.User, Password: r.Password}}
}

func giteaHost(g *testbed.GiteaServer) string { return strings.TrimPrefix(g.URL, "http://") }

// repository names a repository that no other test uses.
func (s server) repository() string {
	return s.host + "/" + s.space + testbed.UniqueName()
}

// keychain knows one password for every registry.
type keychain authn.Basic

// Resolve implements authn.Keychain.
func (k keychain) Resolve(authn.Resource) (authn.Authenticator, error) {
	if k == (keychain{}) {
		return authn.Anonymous, nil
	}
	basic := authn.Basic(k)
	return &basic, nil
}

// newClient makes a client that signs in as the keychain says.
func newClient(t *testing.T, c registry.Config) *registry.Client {
	t.Helper()
	client, err := registry.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// client signs in as the owner of all repositories.
func (s server) client(t *testing.T, c registry.Config) *registry.Client {
	t.Helper()
	c.Keychain = keychain(s.owner)
	return newClient(t, c)
}

// pushable is an image or an index of images.
type pushable interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}

// push gives an image, or an index of images, each of the tags. It returns the digest.
func (s server) push(t *testing.T, repository string, what pushable, tags ...string) string {
	t.Helper()
	return push(t, s.owner, repository, what, tags...)
}

func push(t *testing.T, as authn.Basic, repository string, what pushable, tags ...string) string {
	t.Helper()
	repo, err := name.NewRepository(repository, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	pusher, err := remote.NewPusher(remote.WithAuth(&as))
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range tags {
		if err := pusher.Push(t.Context(), repo.Tag(tag), what); err != nil {
			t.Fatalf("pushing %s:%s: %v", repository, tag, err)
		}
	}
	hash, err := what.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return hash.String()
}

func image(t *testing.T) v1.Image {
	t.Helper()
	i, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// index is an image for two platforms.
func index(t *testing.T) v1.ImageIndex {
	t.Helper()
	i, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
