package keychain

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Provider is a cloud that gives an identity to what runs in it, and takes that
// identity at its own registry.
type Provider string

// The providers that are known.
const (
	// ECR is Amazon's private registry. public.ecr.aws is read anonymously.
	ECR Provider = "ecr"
	// GCP is Google's Artifact Registry and Container Registry.
	GCP Provider = "gcp"
	// Azure is Azure Container Registry.
	Azure Provider = "azure"
)

// Providers returns all that are known.
func Providers() []Provider { return []Provider{ECR, GCP, Azure} }

// Serves tells whether a host, as image names write it, is one of the provider's.
// No other host is ever shown its identity.
func (p Provider) Serves(host string) bool {
	switch p {
	case ECR:
		_, ok := parseECR(host)
		return ok
	case GCP:
		return isGoogle(host)
	case Azure:
		return isAzure(host)
	}
	return false
}

// Ambient signs in to the provider's hosts as whatever the process is there: a
// role, a service account, a managed identity. It is an error when there is no such
// identity; for hosts of others it has nothing.
func Ambient(p Provider, o Options) Source {
	given := o.Transport
	o = o.withDefaults()
	ask := map[Provider]lookup{ECR: askECR(o, given), GCP: askGoogle(o), Azure: askAzure(o)}[p]
	return ambient{provider: p, kept: newKept(o, byHost, func(ctx context.Context, target authn.Resource) (authn.AuthConfig, time.Duration, error) {
		found, life, err := ask(ctx, target)
		if err != nil {
			return authn.AuthConfig{}, 0, fmt.Errorf("asking %s for credentials of %s: %w", p, target.RegistryStr(), err)
		}
		return found, life, nil
	})}
}

type ambient struct {
	provider Provider
	kept     *kept
}

// Find implements Source.
func (a ambient) Find(ctx context.Context, target authn.Resource, fresh bool) (authn.AuthConfig, error) {
	if !a.provider.Serves(target.RegistryStr()) {
		return authn.AuthConfig{}, nil
	}
	return a.kept.Find(ctx, target, fresh)
}

// Optional has nothing where the source fails, and says so in the log, once for each
// host and failure: for identities that nobody asked for by name, and that needn't be
// there.
func Optional(s Source, o Options) Source {
	return &optional{source: s, options: o.withDefaults(), told: map[string]string{}}
}

type optional struct {
	source  Source
	options Options

	mu   sync.Mutex
	told map[string]string // by host
}

// Find implements Source.
func (s *optional) Find(ctx context.Context, target authn.Resource, fresh bool) (authn.AuthConfig, error) {
	found, err := s.source.Find(ctx, target, fresh)
	if err == nil {
		return found, nil
	}
	if ctx.Err() != nil {
		return authn.AuthConfig{}, context.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if host := target.RegistryStr(); s.told[host] != err.Error() {
		s.told[host] = err.Error()
		s.options.Log.InfoContext(ctx, "going on without credentials", "registry", host, "error", err)
	}
	return authn.AuthConfig{}, nil
}

// early is how long before its end a credential is replaced, so that none ends on its way.
const early = 5 * time.Minute

// lifeUntil is how long a credential can be kept that ends then.
func lifeUntil(end, now time.Time) time.Duration { return max(end.Sub(now)-early, 0) }
