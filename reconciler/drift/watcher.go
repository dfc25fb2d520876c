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
	"github.com/towline-dev/towline/reconciler/inventory"
)

const defaultDebounce = 50 * time.Millisecond

// Config says how a [Watcher] works.
type Config struct {
	// REST is the way to the API server. The identity must be allowed to list and watch what is applied.
	REST *rest.Config
	// HTTPClient is used for transport where it is set. Default: one made from REST.
	HTTPClient *http.Client
	// Follow reads one resource until ctx ends, in place of metadata-only watches over REST, which are the default. It may
	// trim objects while it gathers a list.
	Follow func(ctx context.Context, resource schema.GroupVersionResource, reader stream.Reader, trim func(metav1.Object))
	// Notify hears of drift, once for each, on goroutines of the watcher: several at a time. It must return soon. Required.
	Notify func(Event)
	// Debounce is how long changes of an object are gathered before it is spoken of, so that one kubectl command is one
	// event. Default: 50ms.
	Debounce time.Duration
	// Patience says how heals that don't last are slowed down. Default: see [Patience].
	Patience Patience
	// Log hears of broken watches. Default: nothing is logged.
	Log *slog.Logger
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
func (w *Watcher) metadataOf(client metadata.Interface) func(context.Context, schema.GroupVersionResource, stream.Reader, func(metav1.Object)) {
	return func(ctx context.Context, resource schema.GroupVersionResource, reader stream.Reader, trim func(metav1.Object)) {
		objects := client.Resource(resource)
		source := stream.Source{
			Name:    resource.GroupResource().String(),
			Example: &metav1.PartialObjectMetadata{},
			List: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return objects.List(ctx, options)
			},
			Watch:  objects.Watch,
			Select: func(options *metav1.ListOptions) { options.LabelSelector = apply.PartOfLabel },
			Trim:   trim,
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
		watches.Go(func() { w.config.Follow(ctx, name, reader, reader.trim) })
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

// Begin implements [apply.Memory].
func (w *Watcher) Begin(set string, ref inventory.ObjectRef, form apply.Digest) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.kinds[ref.GroupKind()]
	if r == nil {
		return "", false
	}
	o := r.objects[key(ref)]
	if o == nil {
		return "", false
	}
	if r.synced && o.set == set && o.form == form && o.writing == 0 && o.untouched() {
		return o.version, true
	}
	o.writing++
	return o.version, false
}

// Done implements [apply.Memory].
func (w *Watcher) Done(set string, name schema.GroupVersionResource, ref inventory.ObjectRef, form apply.Digest, live *metav1.PartialObjectMetadata) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.kinds[ref.GroupKind()]
	if live == nil {
		if r != nil && r.objects[key(ref)] != nil {
			w.ended(r.objects[key(ref)])
		}
		return
	}
	if r == nil || !r.synced && r.name != name {
		r = w.replace(r, name, ref)
	}
	o := r.objects[key(ref)]
	if o == nil {
		o = &object{ref: ref}
		r.objects[key(ref)] = o
	}
	o.applied(set, form, live)
	w.ended(o)
}

// replace starts to follow a kind, or follows it in another version where the one so far doesn't answer.
func (w *Watcher) replace(old *resource, name schema.GroupVersionResource, ref inventory.ObjectRef) *resource {
	r := &resource{name: name, objects: make(map[place]*object)}
	if old != nil {
		old.stop()
		r.objects = old.objects
	}
	w.kinds[ref.GroupKind()] = r
	w.watch(r)
	return r
}

// ended ends one write of an object and, when it was the last one under way, looks at what was heard in the meantime.
func (w *Watcher) ended(o *object) {
	o.writing = max(0, o.writing-1)
	w.schedule(o)
}

// Forget implements [apply.Memory].
func (w *Watcher) Forget(set string, ref inventory.ObjectRef) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.kinds[ref.GroupKind()]
	if r == nil {
		return
	}
	if o := r.objects[key(ref)]; o != nil && o.set == set {
		w.drop(r, ref)
	}
}

// ForgetSet forgets all objects of a set: its Sync is gone, or suspended.
func (w *Watcher) ForgetSet(set string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.kinds {
		for _, o := range r.objects {
			if o.set == set {
				w.drop(r, o.ref)
			}
		}
	}
}

// drop forgets an object, and stops following its kind when it was the last one.
func (w *Watcher) drop(r *resource, ref inventory.ObjectRef) {
	o := r.objects[key(ref)]
	o.calm()
	o.dropped = true
	delete(r.objects, key(ref))
	if len(r.objects) == 0 {
		r.stop()
		delete(w.kinds, ref.GroupKind())
	}
}

// AwaitSync returns when every resource that is followed at the moment has shown all its objects once, or with ctx's
// cause. Before that, nothing counts as unchanged.
func (w *Watcher) AwaitSync(ctx context.Context) error {
	for _, shown := range w.unsynced() {
		select {
		case <-shown:
		case <-ctx.Done():
			return fmt.Errorf("waiting for watches: %w", context.Cause(ctx))
		}
	}
	return nil
}

func (w *Watcher) unsynced() []chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	var shown []chan struct{}
	for _, r := range w.kinds {
		if !r.synced && r.reading != nil {
			shown = append(shown, r.reading.shown)
		}
	}
	return shown
}

// Watching returns how many objects are remembered, and how many resources are followed for them.
func (w *Watcher) Watching() (objects, resources int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.kinds {
		objects += len(r.objects)
	}
	return objects, len(w.kinds)
}
