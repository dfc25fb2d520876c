package apply

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// askAgainAfter bounds how often an unknown kind makes us ask for all kinds again: a Sync with a misspelt kind must not
// cost the API server a discovery each time.
const askAgainAfter = 2 * time.Second

// Mapper finds the resource of a kind from the API server's discovery, which it remembers. It asks again when a kind
// isn't known. It is safe for use by several goroutines.
type Mapper struct {
	fresh  discovery.DiscoveryInterface
	kinds  *restmapper.DeferredDiscoveryRESTMapper
	mu     sync.Mutex
	asked  time.Time
	forget bool
}

// NewMapper returns a Mapper for one cluster. It asks nothing of the cluster yet. The client may be nil, for one made
// from the configuration.
func NewMapper(config *rest.Config, client *http.Client) (*Mapper, error) {
	config, client, err := transport(config, client)
	if err != nil {
		return nil, err
	}
	fresh, err := discovery.NewDiscoveryClientForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("making a discovery client: %w", err)
	}
	return &Mapper{fresh: fresh, kinds: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(fresh))}, nil
}

// Mapping returns the resource of a kind in the version asked for, or in the server's preferred one where version is
// empty. The error is a meta.NoKindMatchError where the cluster doesn't serve it.
func (m *Mapper) Mapping(ctx context.Context, kind schema.GroupKind, version string) (*meta.RESTMapping, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	mapping, err := m.lookup(kind, version)
	if meta.IsNoMatchError(err) && m.mayAskAgain() {
		m.kinds.Reset()
		mapping, err = m.lookup(kind, version)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the resource of kind %s: %w", kind, err)
	}
	return mapping, nil
}

func (m *Mapper) lookup(kind schema.GroupKind, version string) (*meta.RESTMapping, error) {
	if version == "" {
		return m.kinds.RESTMapping(kind)
	}
	return m.kinds.RESTMapping(kind, version)
}

func (m *Mapper) mayAskAgain() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.forget && time.Since(m.asked) < askAgainAfter {
		return false
	}
	m.asked, m.forget = time.Now(), false
	return true
}

// Changed tells the mapper that kinds were added, so that the next unknown one is asked for whenever that is.
func (m *Mapper) Changed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget = true
}

// Absent reports whether the API server says for certain, asked now, that it doesn't serve the kind in this version. An
// API that can't be reached is an error: it isn't absent.
func (m *Mapper) Absent(ctx context.Context, kind schema.GroupVersionKind) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	resources, err := m.fresh.ServerResourcesForGroupVersion(kind.GroupVersion().String())
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("listing resources of %s: %w", kind.GroupVersion(), err)
	}
	for _, resource := range resources.APIResources {
		if resource.Kind == kind.Kind && !strings.Contains(resource.Name, "/") { // a slash: a subresource
			return false, nil
		}
	}
	return true, nil
}

// transport returns a copy of the configuration without client-side throttling, and the client to use with it.
func transport(config *rest.Config, client *http.Client) (*rest.Config, *http.Client, error) {
	if config == nil {
		return nil, nil, errNoConfig
	}
	config = rest.CopyConfig(config)
	config.QPS, config.RateLimiter = -1, nil
	if client != nil {
		return config, client, nil
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, nil, fmt.Errorf("making a client for %q: %w", config.Host, err)
	}
	return config, client, nil
}
