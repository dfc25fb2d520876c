package health

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift/stream"
)

// own is how many waits may each have a watch of their own for one resource; the ones after these share a watch of all
// that carry any set's label. A single wait in a big cluster must not list all of it, and a thousand waits at a time must
// not open a thousand watches.
const own = 8

// linger is how long a watch that nobody needs any more is kept for whoever comes next.
const linger = 3 * time.Second

// feedKey says what a feed follows.
type feedKey struct {
	resource  schema.GroupVersionResource
	any       bool   // whatever carries a set's label or none, as the Pods of workloads
	set       string // the objects of one set. Empty: of all sets
	namespace string // empty: all
	rules     *Rules // nil where no rule judges the kind
}

// narrow reports whether the feed is for one set or one namespace.
func (k feedKey) narrow() bool { return k.set != "" || k.namespace != "" }

// feed follows objects for all waits that need them.
type feed struct {
	key   feedKey
	users int
	stop  context.CancelFunc
	end   *time.Timer // while nobody uses it
	state             // of the objects, or of the Pods
}

// state is what a feed has read.
type state interface {
	stream.Reader
	// join has signal called whenever something changed that concerns the topic, until leave is: a set, or a workload.
	join(topic string, signal func()) (leave func())
	trim(metav1.Object)
	// failed tells that the API server couldn't be asked, or, with nil, that it could again.
	failed(error)
}

// hub shares feeds. Nothing runs while nobody waits.
type hub struct {
	*cluster
	mu    sync.Mutex
	feeds map[feedKey]*feed
	count map[schema.GroupVersionResource]int // feeds of a set or a namespace of their own
}

func newHub(c *cluster) *hub {
	return &hub{cluster: c, feeds: make(map[feedKey]*feed), count: make(map[schema.GroupVersionResource]int)}
}

// lease is one wait's use of a feed.
type lease struct {
	*feed
	release func()
}

// objects gives the feed in which a set's objects of a kind are found.
func (h *hub) objects(resource schema.GroupVersionResource, kind schema.GroupKind, set string, rules *Rules, signal func()) (*objectState, func()) {
	if !rules.has(kind) {
		rules = nil
	}
	key := feedKey{resource: resource, set: set, rules: rules}
	l := h.lease(key, rules == nil, set, signal, func(context.Context) state { return newObjectState(kind, rules) })
	s, _ := l.state.(*objectState) // as just made, or by the same key
	return s, l.release
}

// pods gives the feed in which a namespace's Pods are found; signal is called when those of one workload fare otherwise.
func (h *hub) pods(namespace string, workload types.UID, signal func()) (*podState, func()) {
	key := feedKey{resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, any: true, namespace: namespace}
	l := h.lease(key, true, string(workload), signal, func(ctx context.Context) state { return newPodState(ctx, h.cluster) })
	s, _ := l.state.(*podState)
	return s, l.release
}

// lease uses a feed, which is started where there is none yet.
func (h *hub) lease(key feedKey, shareable bool, topic string, signal func(), read func(context.Context) state) lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[key]
	if wide := (feedKey{resource: key.resource, any: key.any}); f == nil && shareable && (h.feeds[wide] != nil || h.count[key.resource] >= own) {
		key, f = wide, h.feeds[wide]
	}
	if f == nil {
		f = h.start(key, read)
	}
	if f.end != nil {
		f.end.Stop()
		f.end = nil
	}
	f.users++
	leave := f.join(topic, signal)
	return lease{f, sync.OnceFunc(func() {
		leave()
		h.leave(f)
	})}
}

// start makes a feed and has it read. The caller holds the lock.
func (h *hub) start(key feedKey, read func(context.Context) state) *feed {
	ctx, cancel := context.WithCancel(context.Background()) // it outlives the wait that was the first to need it
	f := &feed{key: key, stop: cancel, state: read(ctx)}
	h.feeds[key] = f
	if key.narrow() {
		h.count[key.resource]++
	}
	go stream.Run(ctx, h.source(key, f.state), f)
	return f
}

// leave ends a feed that nobody uses: at once, where it is of one set that is waited for no more.
func (h *hub) leave(f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.users--
	if f.users > 0 {
		return
	}
	if f.key.set != "" {
		h.end(f)
		return
	}
	f.end = time.AfterFunc(linger, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if f.users == 0 && h.feeds[f.key] == f {
			h.end(f)
		}
	})
}

// end ends a feed. The caller holds the lock.
func (h *hub) end(f *feed) {
	f.stop()
	delete(h.feeds, f.key)
	if f.key.narrow() {
		h.count[f.key.resource]--
	}
}

// source says how a feed is read.
func (c *cluster) source(key feedKey, s state) stream.Source {
	var client dynamic.ResourceInterface = c.client.Resource(key.resource)
	if key.namespace != "" {
		client = c.client.Resource(key.resource).Namespace(key.namespace)
	}
	return stream.Source{
		Name:    key.resource.GroupResource().String(),
		Example: &unstructured.Unstructured{},
		List: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list, err := client.List(ctx, options)
			s.failed(err)
			return list, err
		},
		Watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			watching, err := client.Watch(ctx, options)
			s.failed(err)
			return watching, err
		},
		Select: func(options *metav1.ListOptions) {
			switch {
			case key.any:
			case key.set == "":
				options.LabelSelector = apply.PartOfLabel
			default:
				options.LabelSelector = apply.PartOfLabel + "=" + key.set
			}
		},
		Trim: s.trim,
		Log:  c.log,
	}
}
