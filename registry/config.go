package registry

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Config says how a Client reaches registries. The zero value is ready for use
// with public registries and with whatever `docker login` left behind.
type Config struct {
	// Keychain finds the credentials of a repository, for hosts that have no Keychain of their own.
	// The default is authn.DefaultKeychain: the docker and podman config files and their helpers.
	Keychain authn.Keychain
	// Transport sends the requests of all hosts. An *http.Transport is a model: each
	// host gets a copy, with its own connections and with the TLS and Proxy of its
	// HostConfig. Any other RoundTripper is used as it is, and it is then on its
	// guard alone against names that lead to internal addresses (see HostConfig).
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
	// Cache keeps what is named by digest, and thus never changes. The default holds 32 MiB in memory.
	Cache Cache
	// Log gets retries at debug level and dropped tags at warning level. The default discards.
	Log *slog.Logger

	// PageSize is the n of a listing request. The default is 1000; ECR refuses more.
	PageSize int
	// MaxPages bounds the pages of one listing. The default is 10,000.
	MaxPages int
	// MaxTags bounds the tags of one listing. The default is 2,000,000.
	MaxTags int
	// MaxRemembered bounds what is kept of lists that came with an ETag, in bytes. A
	// registry that gives one needn't send an unchanged list again. The default is
	// 32 MiB: about a million tags, of which one page has at most an eighth.
	MaxRemembered int64
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

// withDefaults returns a complete copy, with host names as go-containerregistry spells them.
func (c Config) withDefaults() (Config, error) {
	for what, n := range map[string]int64{
		"PageSize": int64(c.PageSize), "MaxPages": int64(c.MaxPages), "MaxTags": int64(c.MaxTags), "MaxBody": c.MaxBody, "MaxRemembered": c.MaxRemembered,
		"MaxWait": int64(c.MaxWait), "AttemptTimeout": int64(c.AttemptTimeout), "CallTimeout": int64(c.CallTimeout),
	} {
		if n < 0 {
			return Config{}, fmt.Errorf("configuring registries: %s is negative", what)
		}
	}
	if c.Keychain == nil {
		c.Keychain = authn.DefaultKeychain
	}
	if c.Cache == nil {
		c.Cache = newMemory(defaultCacheSize)
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
	c.MaxRemembered = or(c.MaxRemembered, 32<<20)
	c.MaxBody = or(c.MaxBody, 32<<20)
	c.Retries = max(or(c.Retries, 3), 0)
	c.MaxWait = or(c.MaxWait, 30*time.Second)
	c.AttemptTimeout = or(c.AttemptTimeout, 30*time.Second)
	c.CallTimeout = or(c.CallTimeout, 5*time.Minute)
	return c.withHosts()
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
