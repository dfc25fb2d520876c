package registry

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// host is what all repositories of one registry share.
type host struct {
	shown     string
	transport http.RoundTripper
	pings     *pings
	breaker   *breaker
	limit     *limit
	blobs     *limit
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

func (h *hosts) all() []*host {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.byName))
}

// newHost wires the transports of one registry, from the innermost out. What a
// registry redirects to has a budget of its own, and none of its troubles count
// against the registry.
func newHost(c Config, reg name.Registry) *host {
	settings := hostConfig(c, reg.RegistryStr())
	one := &attempt{next: newNetwork(c, settings, reg), timeout: c.AttemptTimeout, maxBody: c.MaxBody}
	h := &host{shown: shown(reg.RegistryStr()), limit: newLimit(one, settings, c), blobs: newLimit(one, settings, c)}
	h.breaker = &breaker{next: h.limit, host: h.shown, now: c.Now, jitter: c.Jitter, log: c.Log}
	retried := func(next http.RoundTripper) http.RoundTripper {
		return &retry{next: next, retries: c.Retries, maxWait: c.MaxWait, now: c.Now, sleep: c.Sleep, jitter: c.Jitter, log: c.Log}
	}
	h.pings = newPings(&guard{
		registry: reg, schemes: schemesOf(c, reg.RegistryStr()), next: retried(h.breaker), blobs: retried(h.blobs),
	}, reg, c.Now)
	h.transport = h.pings
	return h
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
