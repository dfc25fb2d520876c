package registry

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Config says how a Client reaches registries. The zero value is ready for use
// with public registries and with whatever `docker login` left behind.
type Config struct {
	// Keychain finds the credentials of a repository.
	// The default is authn.DefaultKeychain: the docker and podman config files and their helpers.
	Keychain authn.Keychain
	// Transport sends the requests of all hosts, so it is the connection pool. A
	// private CA, client certificates or a proxy of one's own are set here.
	// The default keeps connections alive and obeys HTTPS_PROXY and NO_PROXY.
	Transport http.RoundTripper
	// Hosts holds what differs for single hosts, by the host as image names write
	// it, with its port: "ghcr.io", "docker.io", "127.0.0.1:5000". Its zero fields
	// take the values of DefaultHost. The default is empty.
	Hosts map[string]HostConfig
	// DefaultHost holds for hosts that aren't in Hosts, PlainHTTP aside.
	// The default is stated at each field of HostConfig.
	DefaultHost HostConfig
	// UserAgent is the product's part of the User-Agent header. The default is "towline".
	UserAgent string
	// Log gets retries at debug level and dropped tags at warning level. The default discards.
	Log *slog.Logger

	// PageSize is the n of a listing request. The default is 1000; ECR refuses more.
	PageSize int
	// MaxPages bounds the pages of one listing. The default is 10,000.
	MaxPages int
	// MaxTags bounds the tags of one listing. The default is 2,000,000.
	MaxTags int
	// MaxBody bounds the body of one answer, in bytes, after decompression. The
	// default is 32 MiB: room for a million tags from a registry that doesn't page.
	MaxBody int64

	// Retries is how often a request is tried again. The default is 3; negative means never.
	Retries int
	// MaxWait is the longest Retry-After that is waited for inside a call; when a
	// registry asks for more, the call fails with ErrRateLimited, and so does, at
	// once and without a request, each call to that host until the time has passed.
	// The default is 30 s.
	MaxWait time.Duration
	// AttemptTimeout bounds one request, its answer's body included. The default is 30 s.
	AttemptTimeout time.Duration
	// CallTimeout bounds one call of Tags or Digest with all its pages, waits and
	// retries. The default is 5 min.
	CallTimeout time.Duration

	// Now tells the time for rate limits and Retry-After. The default is time.Now.
	Now func() time.Time
	// Sleep waits for d, or returns the context's error when that ends first. The default does so.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter returns a number in [0,1) by which waits between retries are spread. The default is random.
	Jitter func() float64
}

// HostConfig is the budget of one registry host. All repositories on the host,
// and the token server that it names, share it.
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
}

const (
	defaultQPS      = 50
	defaultMaxConns = 20
)

// withDefaults returns a complete copy, with host names as go-containerregistry spells them.
func (c Config) withDefaults() (Config, error) {
	for what, n := range map[string]int64{
		"PageSize": int64(c.PageSize), "MaxPages": int64(c.MaxPages), "MaxTags": int64(c.MaxTags), "MaxBody": c.MaxBody,
		"MaxWait": int64(c.MaxWait), "AttemptTimeout": int64(c.AttemptTimeout), "CallTimeout": int64(c.CallTimeout),
	} {
		if n < 0 {
			return Config{}, fmt.Errorf("configuring registries: %s is negative", what)
		}
	}
	if c.Keychain == nil {
		c.Keychain = authn.DefaultKeychain
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	c.UserAgent = or(c.UserAgent, "towline")
	c.PageSize = or(c.PageSize, 1000)
	c.MaxPages = or(c.MaxPages, 10_000)
	c.MaxTags = or(c.MaxTags, 2_000_000)
	c.MaxBody = or(c.MaxBody, 32<<20)
	c.Retries = max(or(c.Retries, 3), 0)
	c.MaxWait = or(c.MaxWait, 30*time.Second)
	c.AttemptTimeout = or(c.AttemptTimeout, 30*time.Second)
	c.CallTimeout = or(c.CallTimeout, 5*time.Minute)
	return c.withHosts()
}

func (c Config) withHosts() (Config, error) {
	var err error
	if c.DefaultHost, err = c.DefaultHost.complete(HostConfig{QPS: defaultQPS, MaxConns: defaultMaxConns}); err != nil {
		return Config{}, fmt.Errorf("configuring the default host: %w", err)
	}
	if c.DefaultHost.PlainHTTP {
		return Config{}, fmt.Errorf("configuring the default host: %w: PlainHTTP is for hosts that are named", ErrInvalid)
	}
	hosts := make(map[string]HostConfig, len(c.Hosts))
	for host, h := range c.Hosts {
		reg, err := name.NewRegistry(host)
		if err != nil || host == "" {
			return Config{}, fmt.Errorf("configuring host %q: %w: expecting a host with an optional port", host, ErrInvalid)
		}
		if hosts[reg.RegistryStr()], err = h.complete(c.DefaultHost); err != nil {
			return Config{}, fmt.Errorf("configuring host %q: %w", host, err)
		}
	}
	c.Hosts = hosts
	return c, nil
}

func (h HostConfig) complete(d HostConfig) (HostConfig, error) {
	if h.QPS < 0 || h.Burst < 0 || h.MaxConns < 0 {
		return h, fmt.Errorf("%w: QPS, Burst and MaxConns can't be negative", ErrInvalid)
	}
	if h.Burst == 0 && h.QPS == 0 {
		h.Burst = d.Burst
	}
	h.QPS = or(h.QPS, d.QPS)
	h.Burst = or(h.Burst, max(int(2*h.QPS), 1))
	h.MaxConns = or(h.MaxConns, d.MaxConns)
	return h, nil
}

// newTransport is http.DefaultTransport's manner with room for many requests to
// few hosts. Headers are bounded here, since nobody above sees them arrive.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           200,
		MaxIdleConnsPerHost:    2 * defaultMaxConns,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// or returns v, or d where v is zero.
func or[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
