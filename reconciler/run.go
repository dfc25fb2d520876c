package reconciler

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	ctrlcontroller "sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	ctrlmanager "sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/towline-dev/towline/internal/web"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/applyset"
	"github.com/towline-dev/towline/reconciler/capabilities"
	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/health"
)

// The Lease lasts long so that an API server that is away for half a minute doesn't
// end the process: a replica that stops hands the Lease over at once, so only a crash
// waits for it.
const (
	leaseDuration = 75 * time.Second
	leaseName     = "towline-reconciler"
)

// leaseTimes gives how long the Lease lasts, how long after its renewal the replica
// that has it stops, and how often it tries to renew it: 75 s, 60 s and 5 s.
func (c Config) leaseTimes() (lasts, renew, retry time.Duration) {
	return c.Lease, c.Lease * 4 / 5, c.Lease / 15
}

// stopWithin bounds the end. A Pod is killed 30 seconds after it was told to stop, and
// the Lease is to be handed over before.
const stopWithin = 20 * time.Second

// Run reconciles until ctx ends; then it finishes what is under way, hands the
// Lease over, and returns nil.
func Run(ctx context.Context, config Config) error {
	c, err := config.withDefaults()
	if err != nil {
		return err
	}
	manager, err := newManager(c)
	if err != nil {
		return err
	}
	parts, err := assemble(manager, c)
	if err != nil {
		return err
	}
	if served, err := parts.awaitServed(ctx); err != nil || !served {
		return err
	}
	if err := parts.register(ctx, manager); err != nil {
		return err
	}
	if err := manager.Start(ctx); err != nil {
		return fmt.Errorf("running the reconciler: %w", err)
	}
	return nil
}

// AdoptLogs has client-go and controller-runtime log through log. Their loggers
// are the process's and may be set only before anything else uses them, so it is
// for main to call this, once, before Run.
func AdoptLogs(log *slog.Logger) {
	ctrllog.SetLogger(logr.FromSlogHandler(log.Handler()))
	klog.SetSlogLogger(log)
}

func newManager(c Config) (ctrlmanager.Manager, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1.AddToScheme, corev1.AddToScheme, coordinationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("building the scheme: %w", err)
		}
	}
	lasts, renew, retry := c.leaseTimes()
	options := ctrlmanager.Options{
		Scheme:                        scheme,
		Logger:                        logr.FromSlogHandler(c.Log.Handler()),
		Metrics:                       metricsserver.Options{BindAddress: "0"}, // served beside the probes, with our own
		HealthProbeBindAddress:        "0",
		LeaderElection:                c.LeaderElection,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       c.LeaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 ptr.To(lasts),
		RenewDeadline:                 ptr.To(renew),
		RetryPeriod:                   ptr.To(retry),
		GracefulShutdownTimeout:       ptr.To(stopWithin),
		// Anything but Syncs that a client asks for would otherwise be cached whole.
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}},
		// Who manages which field of a Sync is as long as the Sync, and nobody here asks.
		Cache: cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		// Two reconcilers in one process, as in tests, are no mistake.
		Controller: ctrlconfig.Controller{SkipNameValidation: ptr.To(true)},
	}
	options.Cache.NewInformer = c.newInformer
	if c.Namespace != "" {
		options.Cache.DefaultNamespaces = map[string]cache.Config{c.Namespace: {}}
	}
	manager, err := ctrlmanager.New(c.REST, options)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	return manager, nil
}

// assemble makes the parts and wires them: the one place that shows who knows whom.
func assemble(manager ctrlmanager.Manager, config Config) (*controller, error) {
	c := &controller{
		Config: config, client: manager.GetClient(), server: manager.GetAPIReader(),
		reports: newReports(config), states: newStates(), known: newWants(),
	}
	var err error
	if c.metrics, err = newMetrics(config.Metrics); err != nil {
		return nil, err
	}
	if config.RenderStats != nil {
		if err = config.Metrics.Register(newRenderMetrics(config.RenderStats)); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	if c.core, err = corev1client.NewForConfigAndClient(config.REST, manager.GetHTTPClient()); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	// Events of core/v1: those of events.k8s.io would count two revisions that were
	// applied as one event that came twice.
	c.broadcaster = record.NewBroadcaster()
	c.events = c.broadcaster.NewRecorder(manager.GetScheme(), corev1.EventSource{Component: "towline"})
	mapper, err := apply.NewMapper(config.REST, manager.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a mapper: %w", err)
	}
	c.watcher, err = drift.New(drift.Config{REST: config.REST, HTTPClient: manager.GetHTTPClient(), Notify: c.drifted, Log: config.Log})
	if err != nil {
		return nil, fmt.Errorf("watching for drift: %w", err)
	}
	c.waiter, err = health.NewWaiter(health.Config{REST: config.REST, HTTPClient: manager.GetHTTPClient(), Mapper: mapper, Log: config.Log})
	if err != nil {
		return nil, fmt.Errorf("waiting for health: %w", err)
	}
	if c.finder, err = applyset.NewFinder(config.REST, manager.GetHTTPClient()); err != nil {
		return nil, fmt.Errorf("finding lost objects: %w", err)
	}
	c.autoscalers = newAutoscalers(c.server, config.Now)
	if c.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(config.REST, manager.GetHTTPClient()); err != nil {
		return nil, fmt.Errorf("asking what the cluster can do: %w", err)
	}
	c.abilities = capabilities.NewReader(c.discovery, config.Now)
	c.outage = newOutage(ready(c.core.RESTClient()), c.queue.wake)
	c.sources = newSources(config, c.metrics, c.queue.wake)
	c.vault = newVault(config, c.server)
	c.roster = newRoster(lister(c.server, c.client), c.newReadings)
	c.identities = newIdentities(config, mapper, c.watcher)
	return c, nil
}

// register has the manager run the parts. All but the probes wait for the Lease.
func (c *controller) register(ctx context.Context, manager ctrlmanager.Manager) error {
	if err := manager.GetFieldIndexer().IndexField(ctx, &v1.Sync{}, dependencyIndex, indexDependencies); err != nil {
		return fmt.Errorf("indexing dependencies: %w", err)
	}
	controller, err := ctrlcontroller.New("sync", manager, ctrlcontroller.Options{Reconciler: c, MaxConcurrentReconciles: c.Workers})
	if err != nil {
		return fmt.Errorf("making the controller: %w", err)
	}
	asked := predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
	for _, s := range []source.Source{
		source.Func(c.queue.start),
		source.Kind(manager.GetCache(), client.Object(&v1.Sync{}), &handler.EnqueueRequestForObject{}, asked),
		source.Kind(manager.GetCache(), client.Object(&v1.Sync{}), handler.EnqueueRequestsFromMapFunc(c.dependents), readyChanged()),
	} {
		if err := controller.Watch(s); err != nil {
			return fmt.Errorf("watching Syncs: %w", err)
		}
	}
	for _, run := range []ctrlmanager.RunnableFunc{c.sources.run, c.reports.run, c.watcher.Run, c.outage.run, c.recordEvents, c.recordLast} {
		if err := manager.Add(run); err != nil {
			return fmt.Errorf("adding a part: %w", err)
		}
	}
	return c.serve(manager)
}

// recordEvents sends events until ctx ends.
func (c *controller) recordEvents(ctx context.Context) error {
	c.broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: c.core.Events("")})
	<-ctx.Done()
	c.broadcaster.Shutdown()
	return nil
}

// serve opens the addresses that are asked for.
func (c *controller) serve(manager ctrlmanager.Manager) error {
	// A replica without the Lease is ready too: were it not, a rolling update would
	// wait for ever for a Pod that waits for the old one's Lease.
	ready := func() error { return nil }
	probes := web.Handler(web.Config{Ready: ready, Metrics: prometheus.Gatherers{c.metrics.registry, ctrlmetrics.Registry}})
	hooks := http.NotFoundHandler()
	if c.WebhookBind != "" {
		webhook, err := c.webhook()
		if err != nil {
			return err
		}
		hooks = webhook
	}
	for _, s := range []struct {
		address string
		handler http.Handler
		leader  bool
	}{
		{c.MetricsBind, probes, false},
		{c.ProbeBind, probes, false},
		{c.WebhookBind, hooks, true},
	} {
		if s.address == "" {
			continue
		}
		if err := manager.Add(server{address: s.address, handler: s.handler, leader: s.leader}); err != nil {
			return fmt.Errorf("serving on %s: %w", s.address, err)
		}
	}
	return nil
}

func (c *controller) webhook() (http.Handler, error) {
	hook, err := NewWebhook(c.WebhookSecret, func(p Push) int {
		return c.sources.refresh(func(key sourceKey) bool { return p.Matches(key.url, key.ref) })
	})
	if err != nil {
		return nil, err
	}
	hook.answer = func(code int) { c.metrics.webhooks.WithLabelValues(fmt.Sprint(code)).Inc() }
	mux := http.NewServeMux()
	mux.Handle("/webhook", hook)
	return mux, nil
}

// server is an HTTP server that the manager runs.
type server struct {
	address string
	handler http.Handler
	leader  bool // only the replica that has the Lease can act on what comes in
}

// NeedLeaderElection implements the manager's interface of that name.
func (s server) NeedLeaderElection() bool { return s.leader }

// Start implements the manager's Runnable.
func (s server) Start(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", s.address, err)
	}
	return web.Serve(ctx, listener, s.handler)
}
