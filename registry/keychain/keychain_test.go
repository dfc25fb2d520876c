package keychain_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/keychain"
	"github.com/towline-dev/towline/registry/registrytest"
)

// source is a Source by a function, which keeps how it was asked.
type source func(target authn.Resource, fresh bool) (authn.AuthConfig, error)

func (s source) Find(_ context.Context, target authn.Resource, fresh bool) (authn.AuthConfig, error) {
	return s(target, fresh)
}

func user(username string) keychain.Source {
	return keychain.Password(username, secret.New("s3cret"))
}

func nothing() keychain.Source {
	return source(func(authn.Resource, bool) (authn.AuthConfig, error) { return authn.AuthConfig{}, nil })
}

func repository(t *testing.T, text string) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(text)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func newKeychain(t *testing.T, c keychain.Config) *keychain.Keychain {
	t.Helper()
	k, err := keychain.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// find gives the user name that is sent for a repository.
func find(t *testing.T, k authn.Keychain, text string) (string, error) {
	t.Helper()
	auth, err := authn.Resolve(t.Context(), k, repository(t, text))
	if err != nil {
		return "", err
	}
	found, err := authn.Authorization(t.Context(), auth)
	if err != nil {
		return "", err
	}
	return found.Username, nil
}

func TestOrder(t *testing.T) {
	broken := errors.New("broken")
	failing := source(func(target authn.Resource, _ bool) (authn.AuthConfig, error) {
		if target.RegistryStr() == "quay.io" {
			return authn.AuthConfig{}, broken
		}
		return authn.AuthConfig{}, nil
	})
	k := newKeychain(t, keychain.Config{
		Hosts: map[string]keychain.Source{
			"ghcr.io": user("ghcr"), "docker.io": user("hub"), "127.0.0.1:5000": user("local"),
			"reg.example.com:5000": user("port"), "empty.example.com": nothing(),
		},
		Others: []keychain.Source{nothing(), failing, user("second")},
	})
	tests := []struct{ repository, want, fails string }{
		{repository: "ghcr.io/acme/app", want: "ghcr"},
		{repository: "nginx", want: "hub"},
		{repository: "index.docker.io/library/nginx", want: "hub"},
		{repository: "127.0.0.1:5000/app", want: "local"},
		{repository: "127.0.0.1:5001/app", want: "second"},
		{repository: "reg.example.com:5000/app", want: "port"},
		{repository: "reg.example.com/app", want: "second"},
		{repository: "ghcr.io.evil.example/acme/app", want: "second"},
		{repository: "empty.example.com/app", fails: "what is configured for empty.example.com has no credentials for it"},
		{repository: "quay.io/app", fails: "broken"},
	}
	for _, tt := range tests {
		t.Run(tt.repository, func(t *testing.T) {
			got, err := find(t, k, tt.repository)
			if tt.fails != "" {
				if err == nil || err.Error() != tt.fails {
					t.Errorf("the error is %v, want %s", err, tt.fails)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("signs in as %q, want %q (%v)", got, tt.want, err)
			}
		})
	}
}

func TestNobodyHasCredentials(t *testing.T) {
	got, err := find(t, newKeychain(t, keychain.Config{Others: []keychain.Source{nothing()}}), "ghcr.io/acme/app")
	if got != "" || err != nil {
		t.Errorf("signs in as %q, %v", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, hosts := range map[string]map[string]keychain.Source{
		"no host": {"": user("a")}, "a path": {"ghcr.io/acme": user("a")}, "twice": {"docker.io": user("a"), "index.docker.io": user("b")},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := keychain.New(keychain.Config{Hosts: hosts}); err == nil {
				t.Errorf("%v are taken", hosts)
			}
		})
	}
}

// A repository that comes back was refused: its source must look again.
func TestAskedAgain(t *testing.T) {
	var fresh []bool
	k := newKeychain(t, keychain.Config{Others: []keychain.Source{source(func(_ authn.Resource, f bool) (authn.AuthConfig, error) {
		fresh = append(fresh, f)
		return authn.AuthConfig{Username: "a", Password: "b"}, nil
	})}})
	for _, text := range []string{"ghcr.io/a", "ghcr.io/b", "ghcr.io/a"} {
		if _, err := k.Resolve(repository(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]bool{false, false, true}, fresh); diff != "" {
		t.Errorf("asked for fresh ones (-want +got):\n%s", diff)
	}
}

// newClient makes a client that signs in to the server with the source alone.
func newClient(t *testing.T, server *registrytest.Server, s keychain.Source) *registry.Client {
	t.Helper()
	client, err := registry.New(registry.Config{
		Keychain: newKeychain(t, keychain.Config{Hosts: map[string]keychain.Source{server.Host(): s}}),
		Hosts:    map[string]registry.HostConfig{server.Host(): {PlainHTTP: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A password file that changes together with the registry's password is used at
// once: no call fails, and nothing is restarted.
func TestRotatedPasswordFile(t *testing.T) {
	for name, options := range map[string]registrytest.Options{
		"basic": {Username: "user", Password: "first"}, "token": {Username: "user", Password: "first", Token: true},
	} {
		t.Run(name, func(t *testing.T) {
			server := registrytest.New(t, options)
			if err := server.PushTags("app", "1"); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "password")
			client := newClient(t, server, keychain.PasswordFile("user", file))
			for _, password := range []string{"first", "second", "third"} {
				if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				server.SetPassword(password)
				server.ExpireTokens()
				if _, err := client.Tags(t.Context(), server.Host()+"/app"); err != nil {
					t.Errorf("with the %s password: %v", password, err)
				}
			}
		})
	}
}

func TestPasswordFileErrors(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{"empty": []byte(" \n"), "huge": make([]byte, 2<<20)} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret"})
	for _, name := range []string{"empty", "huge", "missing"} {
		client := newClient(t, server, keychain.PasswordFile("user", filepath.Join(dir, name)))
		_, err := client.Tags(t.Context(), server.Host()+"/app")
		if !errors.Is(err, registry.ErrUnauthorized) {
			t.Errorf("a file that is %s gives %v", name, err)
		}
	}
	if n := len(server.Requests()); n > 0 {
		t.Errorf("requests of %d kinds were sent without credentials", n)
	}
}

// A file that goes away while the client runs is told as what it is.
func TestPasswordFileGoesAway(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "s3cret"})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, server, keychain.PasswordFile("user", file))
	if _, err := client.Tags(t.Context(), server.Host()+"/app"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	_, err := client.Tags(t.Context(), server.Host()+"/app")
	if !errors.Is(err, registry.ErrUnauthorized) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}
