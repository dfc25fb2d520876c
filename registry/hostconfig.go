package registry

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// HostConfig is the budget of one registry host, and how it is reached. All
// repositories on the host, and the token server that it names, share it.
//
// A registry may name two kinds of other hosts: its token server, and the object
// store that a blob is redirected to. Neither may be at a private, loopback or
// link-local address unless the registry is at one too; where they are reached
// without a proxy, the address itself is checked and not only the name.
type HostConfig struct {
	// PlainHTTP speaks HTTP without TLS, and nothing else. The default is false:
	// HTTPS only. For loopback addresses that aren't in Hosts both are tried, as
	// Docker does.
	PlainHTTP bool
	// QPS is the number of requests a second in the long run. The default is 50.
	QPS float64
	// Burst is how many requests may go at once after a pause. The default is twice QPS, at least 1.
	Burst int
	// MaxConns bounds the requests in flight. The default is 20.
	MaxConns int

	// TLS holds a private CA, client certificates and the like. RootCAs hold for the
	// hosts that the registry names too; client certificates are shown to the
	// registry alone. The default is the system's.
	TLS *tls.Config
	// Proxy chooses the proxy of a request; a nil URL means none. The default is
	// Transport's: from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
	Proxy func(*http.Request) (*url.URL, error)
	// Mirrors are asked before this host, in order. The host itself is asked where no
	// mirror answers. Each has a budget, credentials and TLS of its own: those of its
	// own entry in Config.Hosts. The default is none.
	Mirrors []Mirror
	// Keychain finds credentials for this host. The default is Config.Keychain.
	Keychain authn.Keychain
}

// Mirror is a host that has the repositories of another.
type Mirror struct {
	// Host is the mirror, with its port: "harbor.example.org".
	Host string
	// Prefix is put before a repository's path, as proxies of several registries
	// want it: with "dockerhub", library/nginx is asked for as
	// dockerhub/library/nginx. The default is none.
	Prefix string
}

const (
	defaultQPS      = 50
	defaultMaxConns = 20
)

func (c Config) withHosts() (Config, error) {
	var err error
	c.DefaultHost, err = c.complete(c.DefaultHost, HostConfig{QPS: defaultQPS, MaxConns: defaultMaxConns, Keychain: c.Keychain})
	if err == nil && (c.DefaultHost.PlainHTTP || len(c.DefaultHost.Mirrors) > 0) {
		err = fmt.Errorf("%w: PlainHTTP and Mirrors are for hosts that are named", ErrInvalid)
	}
	if err != nil {
		return Config{}, fmt.Errorf("configuring the default host: %w", err)
	}
	hosts := make(map[string]HostConfig, len(c.Hosts))
	for host, h := range c.Hosts {
		reg, err := name.NewRegistry(host)
		if err != nil || host == "" {
			return Config{}, fmt.Errorf("configuring host %q: %w: expecting a host with an optional port", host, ErrInvalid)
		}
		if h, err = c.complete(h, c.DefaultHost); err == nil {
			h.Mirrors, err = checkMirrors(reg, h.Mirrors)
		}
		if err != nil {
			return Config{}, fmt.Errorf("configuring host %q: %w", host, err)
		}
		hosts[reg.RegistryStr()] = h
	}
	c.Hosts = hosts
	return c, nil
}

// complete fills h in from d.
func (c Config) complete(h, d HostConfig) (HostConfig, error) {
	if h.QPS < 0 || h.Burst < 0 || h.MaxConns < 0 {
		return h, fmt.Errorf("%w: QPS, Burst and MaxConns can't be negative", ErrInvalid)
	}
	if (h.TLS != nil || h.Proxy != nil) && !c.canAdapt() {
		return h, fmt.Errorf("%w: TLS and Proxy need a Transport that is an *http.Transport", ErrInvalid)
	}
	if h.Burst == 0 && h.QPS == 0 {
		h.Burst = d.Burst
	}
	h.QPS = or(h.QPS, d.QPS)
	h.Burst = or(h.Burst, max(int(2*h.QPS), 1))
	h.MaxConns = or(h.MaxConns, d.MaxConns)
	h.TLS = or(h.TLS, d.TLS)
	if h.Proxy == nil {
		h.Proxy = d.Proxy
	}
	if h.Keychain == nil {
		h.Keychain = d.Keychain
	}
	return h, nil
}

// checkMirrors returns the mirrors with host names as go-containerregistry spells them.
func checkMirrors(of name.Registry, mirrors []Mirror) ([]Mirror, error) {
	checked := slices.Clone(mirrors)
	for i, m := range mirrors {
		reg, err := name.NewRegistry(m.Host)
		if err != nil || m.Host == "" {
			return nil, fmt.Errorf("%w: mirror %q: expecting a host with an optional port", ErrInvalid, m.Host)
		}
		prefix := strings.Trim(m.Prefix, "/")
		if _, err := name.NewRepository(reg.RegistryStr() + "/" + prefix + "/x"); prefix != "" && err != nil {
			return nil, fmt.Errorf("%w: mirror %q: prefix %q can't begin a repository's path", ErrInvalid, m.Host, m.Prefix)
		}
		if reg.RegistryStr() == of.RegistryStr() && prefix == "" {
			return nil, fmt.Errorf("%w: mirror %q is the host itself", ErrInvalid, m.Host)
		}
		checked[i] = Mirror{Host: reg.RegistryStr(), Prefix: prefix}
	}
	return checked, nil
}

func hostConfig(c Config, registry string) HostConfig {
	if h, ok := c.Hosts[registry]; ok {
		return h
	}
	return c.DefaultHost
}
