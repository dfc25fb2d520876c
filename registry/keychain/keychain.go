package keychain

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/registry"
)

// Source gives credentials for registries. It is safe for use by many goroutines.
type Source interface {
	// Find returns what to sign in to the registry or repository with, and the zero
	// value where the source has nothing for it. fresh says that what was found
	// before may have been refused, so that nothing older than a minute will do.
	Find(ctx context.Context, target authn.Resource, fresh bool) (authn.AuthConfig, error)
}

// Config says who is asked for credentials.
type Config struct {
	// Hosts holds the sources of single hosts, by the host as image names write it,
	// with its port: "ghcr.io", "docker.io", "127.0.0.1:5000". Where a host has one,
	// no other is asked, and it is an error when it has nothing. The default is empty.
	Hosts map[string]Source
	// Others are asked in order for all other hosts. The default is none.
	Others []Source
}

// Keychain is an authn.Keychain and an authn.ContextKeychain.
type Keychain struct {
	hosts  map[string]Source
	others []Source

	mu    sync.Mutex
	asked map[string]bool // by registry or repository
}

// New checks the hosts' names. It asks no source.
func New(c Config) (*Keychain, error) {
	k := &Keychain{hosts: map[string]Source{}, others: slices.Clone(c.Others), asked: map[string]bool{}}
	for _, host := range slices.Sorted(maps.Keys(c.Hosts)) {
		reg, err := name.NewRegistry(host)
		if err != nil || host == "" {
			return nil, fmt.Errorf("configuring credentials: %q isn't a host with an optional port", host)
		}
		if k.hosts[reg.RegistryStr()] != nil {
			return nil, fmt.Errorf("configuring credentials: %q is another name of a host that has some", host)
		}
		k.hosts[reg.RegistryStr()] = c.Hosts[host]
	}
	return k, nil
}

// Resolve implements authn.Keychain.
func (k *Keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext implements authn.ContextKeychain. A registry client asks when it logs
// in to a repository, and again when it was refused or its session has ended: the
// sources look again then.
func (k *Keychain) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	k.mu.Lock()
	again := k.asked[target.String()]
	k.asked[target.String()] = true
	k.mu.Unlock()
	if _, err := k.find(ctx, target, again); err != nil {
		return nil, err
	}
	return &authenticator{k, target}, nil
}

func (k *Keychain) find(ctx context.Context, target authn.Resource, fresh bool) (authn.AuthConfig, error) {
	if own := k.hosts[target.RegistryStr()]; own != nil {
		found, err := own.Find(ctx, target, fresh)
		if err == nil && found == (authn.AuthConfig{}) {
			err = fmt.Errorf("what is configured for %s has no credentials for it", target.RegistryStr())
		}
		return found, err
	}
	for _, source := range k.others {
		found, err := source.Find(ctx, target, fresh)
		if err != nil || found != (authn.AuthConfig{}) {
			return found, err
		}
	}
	return authn.AuthConfig{}, nil
}

// authenticator looks the credentials up each time that they are to be sent.
type authenticator struct {
	keychain *Keychain
	target   authn.Resource
}

// Authorization implements authn.Authenticator.
func (a *authenticator) Authorization() (*authn.AuthConfig, error) {
	return a.AuthorizationContext(context.Background())
}

// AuthorizationContext implements authn.ContextAuthenticator.
func (a *authenticator) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	found, err := a.keychain.find(ctx, a.target, false)
	if err != nil {
		return nil, fmt.Errorf("%w: reading credentials of %s: %w", registry.ErrUnauthorized, a.target.RegistryStr(), err)
	}
	return &found, nil
}
