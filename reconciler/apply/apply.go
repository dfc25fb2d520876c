package apply

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// defaultWorkers is where a control plane on two cores stops getting faster.
const defaultWorkers = 8

const defaultSettle = 3 * time.Second

var errNoConfig = errors.New("no configuration of a cluster is given")

// Digest is the sum of an object as it is sent.
type Digest [16]byte

// Memory knows what was applied and whether it still stands; a drift.Watcher is one. Its methods are called from
// several goroutines.
type Memory interface {
	// Begin says that the object is about to be written in this form. It answers with unchanged where that form was
	// applied last and still stands untouched; then nothing is written and Done isn't called. The version is the live
	// object's last known resource version, or empty.
	Begin(set string, ref inventory.ObjectRef, form Digest) (version string, unchanged bool)
	// Done ends what Begin began, with the live object's metadata as the write left it, or nil when it wasn't written.
	Done(set string, resource schema.GroupVersionResource, ref inventory.ObjectRef, form Digest, live *metav1.PartialObjectMetadata)
	// Forget says that the object is none of the set's any more.
	Forget(set string, ref inventory.ObjectRef)
}

// Config says how an [Applier] reaches the cluster.
type Config struct {
	// REST is the way to the API server, impersonation included. Its QPS is ignored: the workers are the limit, and
	// the server's own flow control.
	REST *rest.Config
	// HTTPClient is used for transport where it is set, so that many appliers of one identity share connections.
	// Default: one made from REST.
	HTTPClient *http.Client
	// Mapper is shared by the appliers of one cluster. Default: one of the applier's own.
	Mapper *Mapper
	// Memory saves the requests for what is unchanged. Default: none, every object is written every time.
	Memory Memory
	// Workers is how many objects are written side by side. Default: 8.
	Workers int
	// Retries says how a request that failed for the moment (429, 500, 503, a time-out, a cut connection) is made again.
	// The API server's Retry-After is waited for, too. Default: three times, after some 0.1, 0.3 and 0.9 s.
	Retries *wait.Backoff
	// Settle is how long Prune waits for what it deleted to be gone before it goes on to what that may need. Default: 3 s.
	Settle time.Duration
	// Log hears what the API server warns of, at debug level. Default: nothing is logged.
	Log *slog.Logger
}

// Applier applies and prunes the objects of sets, under one identity. It is safe for use by several goroutines.
type Applier struct {
	rest    rest.Interface
	dynamic dynamic.Interface
	mapper  *Mapper
	memory  Memory
	workers int
	retries wait.Backoff
	settle  time.Duration
}

// New checks the configuration and returns an Applier. It asks nothing of the cluster yet.
func New(config Config) (*Applier, error) {
	a := &Applier{mapper: config.Mapper, memory: config.Memory, workers: config.Workers, retries: defaultRetries(), settle: config.Settle}
	cluster, client, err := transport(config.REST, config.HTTPClient)
	if err != nil {
		return nil, fmt.Errorf("making an applier: %w", err)
	}
	log := config.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cluster.WarningHandler, cluster.WarningHandlerWithContext = nil, warnings{log}
	if a.mapper == nil {
		if a.mapper, err = NewMapper(cluster, client); err != nil {
			return nil, fmt.Errorf("making an applier: %w", err)
		}
	}
	if a.memory == nil {
		a.memory = noMemory{}
	}
	if config.Retries != nil {
		a.retries = *config.Retries
	}
	if a.settle <= 0 {
		a.settle = defaultSettle
	}
	if a.workers <= 0 {
		a.workers = defaultWorkers
	}
	if a.dynamic, err = dynamic.NewForConfigAndClient(cluster, client); err != nil {
		return nil, fmt.Errorf("making an applier: %w", err)
	}
	if a.rest, err = restClient(cluster, client); err != nil {
		return nil, fmt.Errorf("making an applier: %w", err)
	}
	return a, nil
}

// restClient speaks JSON and knows no types but the answers that every API gives.
func restClient(cluster *rest.Config, client *http.Client) (rest.Interface, error) {
	answers := runtime.NewScheme()
	metav1.AddToGroupVersion(answers, schema.GroupVersion{Version: "v1"})
	cluster = rest.CopyConfig(cluster)
	cluster.ContentConfig = rest.ContentConfig{
		ContentType:          runtime.ContentTypeJSON,
		AcceptContentTypes:   runtime.ContentTypeJSON,
		GroupVersion:         &schema.GroupVersion{Version: "v1"},
		NegotiatedSerializer: serializer.NewCodecFactory(answers).WithoutConversion(),
	}
	return rest.UnversionedRESTClientForConfigAndClient(cluster, client)
}

// applyAll applies the items side by side, and returns their outcomes in the same order.
func (a *Applier) applyAll(ctx context.Context, set string, items []item, unasked bool) []Outcome {
	outcomes := make([]Outcome, len(items))
	a.side(len(items), func(i int) { outcomes[i] = a.applyOne(ctx, set, items[i], unasked) })
	return outcomes
}

func newResult(outcomes []Outcome) Result {
	slices.SortFunc(outcomes, func(x, y Outcome) int { return inventory.Compare(x.Ref, y.Ref) })
	return Result{Outcomes: outcomes}
}

// noMemory remembers nothing, so that everything is written.
type noMemory struct{}

func (noMemory) Begin(string, inventory.ObjectRef, Digest) (string, bool) { return "", false }
func (noMemory) Done(string, schema.GroupVersionResource, inventory.ObjectRef, Digest, *metav1.PartialObjectMetadata) {
}
func (noMemory) Forget(string, inventory.ObjectRef) {}

// warnings passes on the Warning headers of the API server's answers.
type warnings struct{ log *slog.Logger }

func (w warnings) HandleWarningHeaderWithContext(ctx context.Context, _ int, _ string, text string) {
	if isDiscreet(ctx) {
		text = "[redacted]"
	}
	w.log.DebugContext(ctx, "API server warns", "warning", text)
}

// discreetKey marks the context of requests about Secrets: what the API server warns of may quote their values.
type discreetKey struct{}

func discreet(ctx context.Context) context.Context {
	return context.WithValue(ctx, discreetKey{}, true)
}

func isDiscreet(ctx context.Context) bool {
	marked, _ := ctx.Value(discreetKey{}).(bool)
	return marked
}
