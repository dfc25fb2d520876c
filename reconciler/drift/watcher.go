package drift

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift/stream"
)

const defaultDebounce = 50 * time.Millisecond

// Config says how a [Watcher] works.
type Config struct {
	// REST is the way to the API server. The identity must be allowed to list and watch what is applied.
	REST *rest.Config
	// HTTPClient is used for transport where it is set. Default: one made from REST.
	HTTPClient *http.Client
	// Follow reads one resource until ctx ends, in place of metadata-only watches over REST, which are the default.
	Follow func(ctx context.Context, resource schema.GroupVersionResource, reader stream.Reader, hooks Hooks)
	// Notify hears of drift, once for each, on goroutines of the watcher: several at a time. It must return soon. Required.
	Notify func(Event)
	// Debounce is how long changes of an object are gathered before it is spoken of, so that a burst of writes is one event.
	// The first change in a second is told of at once. Default: 50ms.
	Debounce time.Duration
	// Patience says how heals that don't last are slowed down. Default: see [Patience].
	Patience Patience
	// Log hears of broken watches. Default: nothing is logged.
	Log *slog.Logger
}

// Hooks are what a watch gives to whoever reads it, besides objects.
type Hooks struct {
	Trim   func(metav1.Object) // may be called on each object of a list while that is gathered
	Broken func(error)         // must be called with the error of each list and watch that isn't answered
}

// Watcher is the memory of what was applied to one cluster, kept true by watches. It is an [apply.Memory], and safe for
// use by several goroutines.
type Watcher struct {
	config Config

	mu     sync.Mutex
	kinds  map[schema.GroupKind]*resource
	follow func(schema.GroupVersionResource, *reading) context.CancelFunc // starts a watch; nil while Run doesn't run
}

var _ apply.Memory = (*Watcher)(nil)

// New checks the configuration and returns a Watcher that isn't running yet.
func New(config Config) (*Watcher, error) {
	if config.Notify == nil {
		return nil, errors.New("making a drift watcher: nobody is to be notified")
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Debounce <= 0 {
		config.Debounce = defaultDebounce
	}
	config.Patience = config.Patience.orDefault()
	w := &Watcher{config: config, kinds: make(map[schema.GroupKind]*resource)}
	if config.Follow != nil {
		return w, nil
	}
	if config.REST == nil {
		return nil, errors.New("making a drift watcher: no configuration of a cluster is given")
	}
	cluster := metadata.ConfigFor(config.REST)
	cluster.QPS, cluster.RateLimiter = -1, nil
	client := config.HTTPClient
	if client == nil {
		var err error
		if client, err = rest.HTTPClientFor(cluster); err != nil {
			return nil, fmt.Errorf("making a drift watcher: %w", err)
		}
	}
	source, err := metadata.NewForConfigAndClient(cluster, client)
	if err != nil {
		return nil, fmt.Errorf("making a drift watcher: %w", err)
	}
	w.config.Follow = w.metadataOf(source)
	return w, nil
}

// metadataOf follows resources by metadata-only watches of everything in the cluster that is part of any set: which sets
// are ours changes often, and a watch can't change its selector.
func (w *Watcher) metadataOf(client metadata.Interface) func(context.Context, schema.GroupVersionResource, stream.Reader, Hooks) {
	return func(ctx context.Context, resource schema.GroupVersionResource, reader stream.Reader, hooks Hooks) {
		objects := client.Resource(resource)
		source := stream.Source{
			Name:    resource.GroupResource().String(),
			Example: &metav1.PartialObjectMetadata{},
			List: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return objects.List(ctx, options)
			},
			Watch:  objects.Watch,
			Select: func(options *metav1.ListOptions) { options.LabelSelector = apply.PartOfLabel },
			Trim:   hooks.Trim,
			Broken: hooks.Broken,
			Log:    w.config.Log,
		}
		stream.Run(ctx, source, reader)
	}
}

// Run watches until ctx ends, and returns nil then. Objects may be applied before it runs; what drifts meanwhile is seen
// when it does.
func (w *Watcher) Run(ctx context.Context) error {
	var watches sync.WaitGroup
	if !w.start(func(name schema.GroupVersionResource, reader *reading) context.CancelFunc {
		ctx, cancel := context.WithCancel(ctx)
		watches.Go(func() { w.config.Follow(ctx, name, reader, Hooks{Trim: reader.trim, Broken: reader.broken}) })
		return cancel
	}) {
		return errors.New("running a drift watcher: it is running already")
	}
	<-ctx.Done()
	w.stop()
	watches.Wait()
	return nil
}

func (w *Watcher) start(follow func(schema.GroupVersionResource, *reading) context.CancelFunc) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.follow != nil {
		return false
	}
	w.follow = follow
	for _, r := range w.kinds {
		w.watch(r)
	}
	return true
}

func (w *Watcher) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.follow = nil
	for _, r := range w.kinds {
		r.stop()
	}
}

// watch starts following a resource, while Run runs. The caller holds the lock.
func (w *Watcher) watch(r *resource) {
	if w.follow == nil {
		return
	}
	r.reading, r.synced = &reading{watcher: w, resource: r, shown: make(chan struct{})}, false
	r.cancel = w.follow(r.name, r.reading)
}
