package health

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// Defaults of Config.
const (
	defaultGrace    = 5 * time.Second
	defaultPatience = 2 * time.Minute
)

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
	// REST is the way to the API server. The identity must be allowed to list and watch what is waited for, and Pods; to
	// get ReplicaSets and StorageClasses; and to list events.
	REST *rest.Config
	// HTTPClient is used for transport where it is set. Default: one made from REST.
	HTTPClient *http.Client
	// Mapper is shared by all that work on one cluster. Default: one of the waiter's own.
	Mapper *apply.Mapper
	// Grace is how long a Pod's hopeless trouble must last before it fails its workload: a registry may hiccup.
	// Default: 5s. A negative one fails at once.
	Grace time.Duration
	// Patience is the same for what others may end: a Pod for which no node has room, which an autoscaler may add; Pods
	// that a quota forbids; a volume that can't be mounted yet. Default: 2m. A negative one fails at once.
	Patience time.Duration
	// Log hears of broken watches. Default: nothing is logged.
	Log *slog.Logger
}

// cluster is the way to the API server.
type cluster struct {
	client dynamic.Interface
	log    *slog.Logger
}

// Waiter waits for health by watches, which all waits share. While nobody waits it watches nothing and holds nothing. It
// is safe for use by several goroutines.
type Waiter struct {
	*cluster
	mapper   *apply.Mapper
	hub      *hub
	warnings *warnings
	classes  *classes
	grace    time.Duration
	patience time.Duration
}

// NewWaiter checks the configuration and returns a Waiter. It asks nothing of the cluster yet.
func NewWaiter(config Config) (*Waiter, error) {
	if config.REST == nil {
		return nil, errors.New("making a health waiter: no configuration of a cluster is given")
	}
	to := rest.CopyConfig(config.REST)
	to.QPS, to.RateLimiter = -1, nil
	var err error
	if config.HTTPClient == nil {
		if config.HTTPClient, err = rest.HTTPClientFor(to); err != nil {
			return nil, fmt.Errorf("making a health waiter: %w", err)
		}
	}
	w := &Waiter{
		cluster: &cluster{log: config.Log}, mapper: config.Mapper, grace: config.Grace, patience: config.Patience,
		warnings: &warnings{of: make(map[string]*namespaceWarnings)}, classes: &classes{of: make(map[string]*class)},
	}
	if w.client, err = dynamic.NewForConfigAndClient(to, config.HTTPClient); err != nil {
		return nil, fmt.Errorf("making a health waiter: %w", err)
	}
	if w.mapper == nil {
		if w.mapper, err = apply.NewMapper(to, config.HTTPClient); err != nil {
			return nil, fmt.Errorf("making a health waiter: %w", err)
		}
	}
	if w.grace == 0 {
		w.grace = defaultGrace
	}
	if w.patience == 0 {
		w.patience = defaultPatience
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	w.hub = newHub(w.cluster)
	return w, nil
}
