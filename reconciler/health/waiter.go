package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift/stream"
	"github.com/towline-dev/towline/reconciler/inventory"
)

const defaultGrace = 5 * time.Second

// Target is an object to wait for.
type Target struct {
	Ref inventory.ObjectRef
	// ResourceVersion is as applied: an older state of the object, which a watch may still show, isn't believed. May be
	// empty.
	ResourceVersion string
}

// Request says what to wait for.
type Request struct {
	Set      string       // ID of the set, which all targets carry as their label
	Targets  []Target     // each object once
	Rules    *Rules       // how kinds are judged that have a way of their own. May be nil
	Progress func(Report) // called, never twice at a time, when the health of objects has changed. May be nil
}

// Config says how a [Waiter] reaches the cluster.
type Config struct {
	// REST is the way to the API server. The identity must be allowed to list and watch what is waited for, and Pods;
	// and to get ReplicaSets.
	REST *rest.Config
	// HTTPClient is used for transport where it is set. Default: one made from REST.
	HTTPClient *http.Client
	// Mapper is shared by all that work on one cluster. Default: one of the waiter's own.
	Mapper *apply.Mapper
	// Grace is how long a Pod's trouble must last before it fails its workload: a registry may hiccup. Default: 5s. A
	// negative one fails at once.
	Grace time.Duration
	// Log hears of broken watches. Default: nothing is logged.
	Log *slog.Logger
}

// Waiter waits for health by watches. It is safe for use by several goroutines.
type Waiter struct {
	client dynamic.Interface
	mapper *apply.Mapper
	grace  time.Duration
	log    *slog.Logger
}

// NewWaiter checks the configuration and returns a Waiter. It asks nothing of the cluster yet.
func NewWaiter(config Config) (*Waiter, error) {
	if config.REST == nil {
		return nil, errors.New("making a health waiter: no configuration of a cluster is given")
	}
	cluster := rest.CopyConfig(config.REST)
	cluster.QPS, cluster.RateLimiter = -1, nil
	var err error
	if config.HTTPClient == nil {
		if config.HTTPClient, err = rest.HTTPClientFor(cluster); err != nil {
			return nil, fmt.Errorf("making a health waiter: %w", err)
		}
	}
	w := &Waiter{mapper: config.Mapper, grace: config.Grace, log: config.Log}
	if w.client, err = dynamic.NewForConfigAndClient(cluster, config.HTTPClient); err != nil {
		return nil, fmt.Errorf("making a health waiter: %w", err)
	}
	if w.mapper == nil {
		if w.mapper, err = apply.NewMapper(cluster, config.HTTPClient); err != nil {
			return nil, fmt.Errorf("making a health waiter: %w", err)
		}
	}
	if w.grace == 0 {
		w.grace = defaultGrace
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	return w, nil
}

// Wait returns when all targets are Current or one has Failed, both with a nil error, or when ctx ends, with its cause.
// The report always says how each target stood at that moment.
func (w *Waiter) Wait(ctx context.Context, request Request) (Report, error) {
	if request.Set == "" {
		return Report{}, errors.New("waiting for health: the set has no ID")
	}
	watching, stop := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer stop()
	v := newVigil(w, request, func(watch func(context.Context)) {
		watches.Go(func() { watch(watching) })
	})
	for kind := range v.kinds {
		if err := v.follow(ctx, kind, request.Set); err != nil {
			return v.report(), fmt.Errorf("waiting for health: %w", err)
		}
	}
	for {
		report := v.report()
		if request.Progress != nil {
			request.Progress(report)
		}
		if report.Healthy() || len(report.Failed()) > 0 {
			return report, nil
		}
		select {
		case <-v.changed:
		case <-ctx.Done():
			return v.report(), fmt.Errorf("waiting for health: %w", context.Cause(ctx))
		}
	}
}

// follow starts to watch the set's objects of one kind.
func (v *vigil) follow(ctx context.Context, kind schema.GroupKind, set string) error {
	mapping, err := v.mapper.Mapping(ctx, kind, v.rules.version(kind))
	if meta.IsNoMatchError(err) {
		return nil // the kind was taken away; its objects stay what they are, not found
	}
	if err != nil {
		return err
	}
	v.run(mapping.Resource, "", func(options *metav1.ListOptions) { options.LabelSelector = apply.PartOfLabel + "=" + set }, &objects{v, kind})
	return nil
}

// run reads a resource until the vigil ends.
func (v *vigil) run(resource schema.GroupVersionResource, namespace string, narrow func(*metav1.ListOptions), reader stream.Reader) {
	var client dynamic.ResourceInterface = v.client.Resource(resource)
	if namespace != "" {
		client = v.client.Resource(resource).Namespace(namespace)
	}
	source := stream.Source{
		Name:    resource.GroupResource().String(),
		Example: &unstructured.Unstructured{},
		List: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		Watch:  client.Watch,
		Select: narrow,
		Trim:   func(object metav1.Object) { object.SetManagedFields(nil) },
		Log:    v.log,
	}
	v.start(func(ctx context.Context) { stream.Run(ctx, source, reader) })
}
