package registry_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestCredentials(t *testing.T) {
	tests := []struct {
		name   string
		server registrytest.Options
		keys   keys
		want   error
	}{
		{name: "open"},
		{name: "open, with credentials", keys: secretKeys()},
		{name: "basic", server: registrytest.Options{Username: "user", Password: "s3cret"}, keys: secretKeys()},
		{name: "basic, wrong", server: registrytest.Options{Username: "user", Password: "other"}, keys: secretKeys(), want: registry.ErrUnauthorized},
		{name: "basic, none", server: registrytest.Options{Username: "user", Password: "s3cret"}, want: registry.ErrUnauthorized},
		{name: "token", server: registrytest.Options{Username: "user", Password: "s3cret", Token: true}, keys: secretKeys()},
		{name: "token, anonymous", server: registrytest.Options{Token: true}},
		{name: "token, wrong", server: registrytest.Options{Username: "user", Password: "other", Token: true}, keys: secretKeys(), want: registry.ErrUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, tt.server)
			if err := server.PushTags("acme/app", "1"); err != nil {
				t.Fatal(err)
			}
			client, clock := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = tt.keys })
			err := tags(client, server.Host()+"/acme/app")(t.Context())
			wantKind(t, err, tt.want)
			if tt.want == nil && err != nil {
				t.Error(err)
			}
			if len(clock.Slept()) > 0 {
				t.Errorf("wrong credentials were tried again: slept %v", clock.Slept())
			}
		})
	}
}

func TestExpiredTokenIsRenewed(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Token: true})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), nil)
	for range 2 {
		if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
			t.Fatal(err)
		}
		server.ExpireTokens()
	}
	if got := server.Requests()[registrytest.KindToken]; got != 2 {
		t.Errorf("%d tokens were asked for, want 2", got)
	}
}

// A password that was changed on both sides works again without a restart.
func TestChangedPasswordIsReadAnew(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "old"})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	keychain := &changingKeys{password: "old"}
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = keychain })
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.SetPassword("new")
	keychain.set("new")
	wantKind(t, tags(client, server.Host()+"/app")(t.Context()), registry.ErrUnauthorized)
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
		t.Errorf("with the new password: %v", err)
	}
}

type changingKeys struct {
	mu       sync.Mutex
	password string
	err      error
}

func (k *changingKeys) set(password string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.password = password
}

func (k *changingKeys) Resolve(authn.Resource) (authn.Authenticator, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return authn.FromConfig(authn.AuthConfig{Username: "user", Password: k.password}), k.err
}

func TestBrokenKeychain(t *testing.T) {
	broken := errors.New("the helper isn't installed")
	client, _ := newClient(t, "reg.test", func(c *registry.Config) { c.Keychain = &changingKeys{err: broken} })
	err := tags(client, "reg.test/app")(t.Context())
	wantKind(t, err, registry.ErrUnauthorized)
	if !errors.Is(err, broken) {
		t.Errorf("%v doesn't hold the cause", err)
	}
}

func TestDockerConfigIsTheDefaultKeychain(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret"})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	config := `{"auths":{"` + server.Host() + `":{"username":"user","password":"s3cret"}}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = nil })
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
		t.Error(err)
	}
}
