package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/crypto/bcrypt"

	"github.com/towline-dev/towline/e2e/testbed/binary"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// RegistryOptions say how a registry is started.
type RegistryOptions struct {
	// Dir keeps the registry's images. Empty means a temporary folder that is
	// removed by Stop.
	Dir string
	// User and Password are asked of every client. Empty means that nobody is
	// asked.
	User, Password string
	// Notify, where it isn't empty, is the address to which the registry announces
	// what happens, with the Authorization header of that value.
	Notify, Authorization string
	// Progress is told of builds. Nil means standard error.
	Progress io.Writer
}

// Registry is a CNCF distribution registry, version 3 or 2. It speaks plain HTTP.
type Registry struct {
	Server
	// Host is what stands before the slash in an image's name.
	Host string
	// User and Password are those of the options.
	User, Password string

	notify, authorization string
}

// Distribution starts a registry without a password that ends with the test.
func Distribution(tb TB) *Registry {
	tb.Helper()
	return DistributionWith(tb, RegistryOptions{})
}

// DistributionWith starts a registry that ends with the test.
func DistributionWith(tb TB, o RegistryOptions) *Registry {
	tb.Helper()
	registry, err := StartDistribution(tb.Context(), o)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	stopAfter(tb, "the registry", registry)
	return registry
}

// StartDistribution starts a registry. It is for the caller to call Stop.
func StartDistribution(ctx context.Context, o RegistryOptions) (*Registry, error) {
	path, err := buildDistribution(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	return startRegistry(ctx, path, "the registry", o)
}

// startRegistry starts the program at path, which messages call by the name.
func startRegistry(ctx context.Context, path, name string, o RegistryOptions) (*Registry, error) {
	dir, err := newDir(o.Dir, "registry")
	if err != nil {
		return nil, err
	}
	r := &Registry{User: o.User, Password: o.Password, notify: o.Notify, authorization: o.Authorization, Server: Server{dir: dir}}
	r.spec = process.Spec{Name: name, Path: path, Log: dir.file("registry.log")}
	if err := onFreePort(ctx, func(address string) error { return r.startAt(ctx, address) }); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	return r, nil
}

// registryConfig is all that has to stand in the configuration file.
const registryConfig = "version: 0.1\nstorage: {delete: {enabled: true}}\n"

// startAt configures the registry by environment variables, each of which
// replaces an entry of the configuration file.
func (r *Registry) startAt(ctx context.Context, address string) error {
	config := r.dir.file("config.yml")
	text := registryConfig
	if r.notify != "" {
		text += fmt.Sprintf("notifications: {endpoints: [{name: test, url: %q, headers: {Authorization: [%q]}, timeout: 5s, threshold: 3, backoff: 1s}]}\n", r.notify, r.authorization)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("configuring the registry: %w", err)
	}
	env := append(os.Environ(),
		"OTEL_TRACES_EXPORTER=none", // or it looks for a collector
		"REGISTRY_HTTP_ADDR="+address,
		"REGISTRY_HTTP_SECRET=towline",
		"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="+r.dir.file("storage"),
		"REGISTRY_LOG_ACCESSLOG_DISABLED=true",
	)
	if r.User != "" {
		users, err := r.writeUsers()
		if err != nil {
			return fmt.Errorf("configuring the registry: %w", err)
		}
		env = append(env, "REGISTRY_AUTH=htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM=towline", "REGISTRY_AUTH_HTPASSWD_PATH="+users)
	}
	r.Host = address
	r.spec.Args, r.spec.Env = []string{"serve", config}, env
	r.ready = answers("http://" + address + "/") // the one path that asks for no password
	return r.start(ctx)
}

// writeUsers writes the file that says who may use the registry.
func (r *Registry) writeUsers() (string, error) {
	// The dearer kinds would cost every request of a test.
	hash, err := bcrypt.GenerateFromPassword([]byte(r.Password), bcrypt.MinCost)
	if err != nil {
		return "", err
	}
	users := r.dir.file("htpasswd")
	return users, os.WriteFile(users, fmt.Appendf(nil, "%s:%s\n", r.User, hash), 0o600)
}

// buildDistribution returns the path of the registry.
func buildDistribution(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, func(module string) binary.Source {
		return binary.Source{
			Name: "registry", Module: filepath.Join(module, "distribution"),
			Package: "github.com/distribution/distribution/v3/cmd/registry", LDFlags: "-s -w",
		}
	})
}
