package reconciler

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/internal/gitrepo"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// anonymous is the identity of sources that are read without credentials.
const anonymous = "anonymous"

const (
	// credentialsAge is how long credentials that work are used before the Secret is
	// read again. Those that don't work are read again at each try.
	credentialsAge = 5 * time.Minute
	// maxCredentials bounds how many Secrets' credentials are kept in memory.
	maxCredentials = 4096
)

// credentials are what Syncs read a repository with.
type credentials struct {
	auth     gitrepo.Auth
	identity string // differs wherever the credentials differ, and tells nothing of them
}

// vault keeps the credentials that were read lately, so that the many Syncs of one Secret
// read it once.
type vault struct {
	reader client.Reader
	apps   AppTokens
	now    func() time.Time

	mu        sync.Mutex
	known     map[vaultKey]vaultEntry
	verifiers map[types.NamespacedName]verifierEntry
}

// vaultKey names a Secret; what is made of it depends on the repository's address.
type vaultKey struct {
	secret types.NamespacedName
	url    string
}

type vaultEntry struct {
	credentials
	read time.Time
}

func newVault(c Config, reader client.Reader) *vault {
	return &vault{
		reader: reader, apps: c.AppTokens, now: c.Now,
		known: map[vaultKey]vaultEntry{}, verifiers: map[types.NamespacedName]verifierEntry{},
	}
}

// credentials gives those of a Sync. failed is when those that are known were refused,
// or zero: then the Secret is read again, unless it was since.
func (v *vault) credentials(ctx context.Context, s *v1.Sync, failed time.Time) (credentials, error) {
	ref := s.Spec.Source.SecretRef
	if ref == nil {
		return credentials{identity: anonymous}, nil
	}
	key := vaultKey{types.NamespacedName{Namespace: s.Namespace, Name: ref.Name}, s.Spec.Source.URL}
	if known, ok := v.recent(key, failed); ok {
		return known, nil
	}
	var object corev1.Secret
	if err := v.reader.Get(ctx, key.secret, &object); err != nil {
		return credentials{}, fmt.Errorf("reading Secret %q for the source: %w", key.secret, err)
	}
	found, err := fromSecret(object.Data, key.url, v.apps)
	if err != nil {
		return credentials{}, fmt.Errorf("reading Secret %q for the source: %w", key.secret, err)
	}
	v.keep(key, found)
	return found, nil
}

func (v *vault) recent(key vaultKey, failed time.Time) (credentials, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, ok := v.known[key]
	fresh := v.now().Sub(known.read) < credentialsAge && known.read.After(failed)
	return known.credentials, ok && fresh
}

// keep remembers, and forgets what is too old to be of use.
func (v *vault) keep(key vaultKey, found credentials) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxCredentials {
		clear(v.known)
	}
	for other, entry := range v.known {
		if v.now().Sub(entry.read) >= credentialsAge {
			delete(v.known, other)
		}
	}
	v.known[key] = vaultEntry{found, v.now()}
}
