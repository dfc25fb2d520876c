package reconciler

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/reconciler/build"
)

// readings asks the API server for each of the ConfigMaps and Secrets that builds need once,
// however many Syncs name them; twice where two come at the same time. It is made for one
// look, and believes nothing that was read before.
type readings struct {
	server     client.Reader
	decrypters func(map[string][]byte) (build.Decrypter, error)

	configMaps readOnce[map[string]string]
	secrets    readOnce[map[string][]byte]
	keys       readOnce[build.Decrypter]
}

func (c *controller) newReadings() *readings {
	return &readings{server: c.server, decrypters: c.Decrypters}
}

// configMap gives the data of a ConfigMap, of which callers mustn't change anything.
func (r *readings) configMap(ctx context.Context, key types.NamespacedName) (map[string]string, error) {
	return r.configMaps.get(ctx, key, func() (map[string]string, error) {
		var object corev1.ConfigMap
		err := r.server.Get(ctx, key, &object)
		return object.Data, err
	})
}

// secret gives the data of a Secret, of which callers mustn't change anything.
func (r *readings) secret(ctx context.Context, key types.NamespacedName) (map[string][]byte, error) {
	return r.secrets.get(ctx, key, func() (map[string][]byte, error) {
		var object corev1.Secret
		err := r.server.Get(ctx, key, &object)
		return object.Data, err
	})
}

// decrypter gives what opens files with the keys of a Secret.
func (r *readings) decrypter(ctx context.Context, key types.NamespacedName) (build.Decrypter, error) {
	return r.keys.get(ctx, key, func() (build.Decrypter, error) {
		data, err := r.secret(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("reading Secret %q for decryption: %w", key, err)
		}
		found, err := r.decrypters(data)
		if err != nil {
			return nil, fmt.Errorf("using the keys of Secret %q: %w", key, err)
		}
		return found, nil
	})
}

// readOnce remembers answers, errors too. Its zero value is ready for use by several
// goroutines.
type readOnce[T any] struct {
	mu    sync.Mutex
	known map[types.NamespacedName]answerOf[T]
}

type answerOf[T any] struct {
	value T
	err   error
}

// get asks if nobody has. A question that ended with its asker is no answer to others.
func (o *readOnce[T]) get(ctx context.Context, key types.NamespacedName, ask func() (T, error)) (T, error) {
	o.mu.Lock()
	a, ok := o.known[key]
	o.mu.Unlock()
	if ok {
		return a.value, a.err
	}
	value, err := ask()
	if err != nil && ctx.Err() != nil {
		return value, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil {
		o.known = map[types.NamespacedName]answerOf[T]{}
	}
	o.known[key] = answerOf[T]{value, err}
	return value, err
}
