package reconciler

import (
	"errors"
	"fmt"
	"sync"

	"k8s.io/client-go/rest"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift"
)

// errNoServiceAccount is a Sync that would be applied with the reconciler's own rights.
var errNoServiceAccount = errors.New("spec.serviceAccountName is required (hint: name a ServiceAccount of the Sync's namespace that may do what the manifests need)")

// identities gives an Applier for each ServiceAccount that Syncs name. They share
// what is known of the cluster, and the memory of what was applied.
type identities struct {
	config  Config
	mapper  *apply.Mapper
	watcher *drift.Watcher

	mu       sync.Mutex
	appliers map[string]*apply.Applier
}

func newIdentities(c Config, mapper *apply.Mapper, watcher *drift.Watcher) *identities {
	return &identities{config: c, mapper: mapper, watcher: watcher, appliers: map[string]*apply.Applier{}}
}

// of gives the Applier that works as the Sync's ServiceAccount.
func (i *identities) of(s *v1.Sync) (*apply.Applier, error) {
	user, err := i.user(s)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if a := i.appliers[user]; a != nil {
		return a, nil
	}
	config := rest.CopyConfig(i.config.REST)
	// Impersonating no groups gives those of a ServiceAccount; naming them would
	// need the right to impersonate groups too.
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	a, err := apply.New(apply.Config{
		REST: config, Mapper: i.mapper, Memory: i.watcher, Workers: i.config.ApplyWorkers, Log: i.config.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("applying as %q: %w", user, err)
	}
	i.appliers[user] = a
	return a, nil
}

// user gives the name to impersonate, "" for the reconciler itself where that is allowed.
func (i *identities) user(s *v1.Sync) (string, error) {
	if s.Spec.ServiceAccountName == "" {
		if !i.config.AllowNoServiceAccount {
			return "", errNoServiceAccount
		}
		return "", nil
	}
	if s.Namespace == "" {
		return "", errors.New("a Sync without a namespace has no ServiceAccount")
	}
	return fmt.Sprintf("system:serviceaccount:%s:%s", s.Namespace, s.Spec.ServiceAccountName), nil
}
