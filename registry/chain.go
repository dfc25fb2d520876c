package registry

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// host is what all repositories of one registry share.
type host struct{ transport http.RoundTripper }

// hosts makes each host once. It grows with the registries that policies name.
type hosts struct {
	config Config
	mu     sync.Mutex
	byName map[string]*host
}

func (h *hosts) get(reg name.Registry) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := reg.RegistryStr()
	if h.byName[key] == nil {
		h.byName[key] = &host{transport: chain(h.config, reg)}
	}
	return h.byName[key]
}

// chain wires the transports of one registry, from the outermost in. What a
// registry redirects to has a budget of its own, so that a store in trouble
// doesn't count against the registry.
func chain(c Config, reg name.Registry) http.RoundTripper {
	h := hostConfig(c, reg.RegistryStr())
	wire := newNetwork(c, h, reg)
	budgeted := func() http.RoundTripper {
		return &retry{
			retries: c.Retries, maxWait: c.MaxWait, now: c.Now, sleep: c.Sleep, jitter: c.Jitter, log: c.Log,
			next: newLimit(&attempt{next: wire, timeout: c.AttemptTimeout, maxBody: c.MaxBody}, h, c),
		}
	}
	return &guard{registry: reg, schemes: schemesOf(c, reg.RegistryStr()), next: budgeted(), blobs: budgeted()}
}

func schemesOf(c Config, registry string) schemes {
	h, declared := c.Hosts[registry]
	switch {
	case h.PlainHTTP:
		return httpOnly
	case !declared && isLoopback(registry):
		return eitherScheme
	}
	return httpsOnly
}

// newPuller makes go-containerregistry's client of one repository. It asks for
// a token once and renews it when the registry says that it has run out.
func newPuller(c Config, h *host, reg name.Registry) (*remote.Puller, error) {
	return remote.NewPuller(
		remote.WithTransport(h.transport),
		remote.WithAuthFromKeychain(keychain{hostConfig(c, reg.RegistryStr()).Keychain}),
		remote.WithUserAgent(c.UserAgent),
		remote.WithPageSize(c.PageSize),
		// One retry rule, ours.
		remote.WithRetryPredicate(func(error) bool { return false }),
		remote.WithRetryStatusCodes(),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	)
}

// keychain marks errors of the wrapped one, so that a broken credential helper
// isn't taken for a broken registry.
type keychain struct{ next authn.Keychain }

// Resolve implements authn.Keychain.
func (k keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext implements authn.ContextKeychain.
func (k keychain) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	auth, err := authn.Resolve(ctx, k.next, target)
	if err != nil {
		return nil, fmt.Errorf("%w: reading credentials of %s: %w", ErrUnauthorized, target.RegistryStr(), err)
	}
	return auth, nil
}

func isLoopback(registry string) bool {
	h, _, err := net.SplitHostPort(registry)
	if err != nil {
		h = registry
	}
	ip := net.ParseIP(h)
	return h == "localhost" || ip != nil && ip.IsLoopback()
}
