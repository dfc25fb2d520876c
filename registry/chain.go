package registry

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// host is what all repositories of one registry share.
type host struct {
	transport http.RoundTripper
	pings     *pings
}

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
		h.byName[key] = newHost(h.config, reg)
	}
	return h.byName[key]
}

// newHost wires the transports of one registry. What a registry redirects to has
// a budget of its own, so that a store in trouble doesn't count against it.
func newHost(c Config, reg name.Registry) *host {
	h := hostConfig(c, reg.RegistryStr())
	wire := newNetwork(c, h, reg)
	budgeted := func() http.RoundTripper {
		return &retry{
			retries: c.Retries, maxWait: c.MaxWait, now: c.Now, sleep: c.Sleep, jitter: c.Jitter, log: c.Log,
			next: newLimit(&attempt{next: wire, timeout: c.AttemptTimeout, maxBody: c.MaxBody}, h, c),
		}
	}
	guarded := &guard{registry: reg, schemes: schemesOf(c, reg.RegistryStr()), next: budgeted(), blobs: budgeted()}
	pinged := newPings(guarded, reg, c.Now)
	return &host{transport: pinged, pings: pinged}
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
