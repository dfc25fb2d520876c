package reconciler

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/cache"
)

// Config says how a reconciler runs. REST, CacheDir and Builder are required.
type Config struct {
	// REST is the way to the cluster, as the reconciler itself.
	REST *rest.Config
	// CacheDir holds the mirrors of repositories. It may be empty at each start.
	CacheDir string
	// Builder renders a folder of a repository, and remembers what it rendered.
	Builder build.Renderer
	// RenderStats tells how often the Builder remembered, for the metrics. Default: they
	// show nothing of it.
	RenderStats func() cache.Stats
	// Decrypters makes what opens encrypted files of the values of the Secret that a Sync
	// names. Default: such Syncs are refused.
	Decrypters func(keys map[string][]byte) (build.Decrypter, error)
	// Log gets one line for each thing that happened. Default: nothing is logged.
	Log *slog.Logger
	// Namespace bounds which Syncs are looked at. Default: those of all namespaces.
	Namespace string
	// Metrics is where its metrics are registered, beside what is there already. It
	// serves one reconciler. Default: a registry of its own.
	Metrics *prometheus.Registry
	// MetricsBind is the address of /metrics. Default: not served.
	MetricsBind string
	// ProbeBind is the address of /healthz and /readyz. Default: not served.
	ProbeBind string
	// WebhookBind is the address of /webhook, which needs WebhookSecret. Default: not served.
	WebhookBind string
	// WebhookSecret is the key of the HMAC that forges sign their webhooks with.
	WebhookSecret secret.String
	// LeaderElection keeps all but one of several replicas waiting. Default: off.
	LeaderElection bool
	// LeaderElectionNamespace is where the Lease stands. Default: the Pod's own.
	LeaderElectionNamespace string
	// Lease is how long a replica that died keeps the others waiting. It should be long, so
	// that an API server that is away for a while doesn't end the process. Default: 75s.
	Lease time.Duration
	// RequestTimeout bounds a request to the API server that isn't a watch. Default: 30s.
	RequestTimeout time.Duration
	// Workers is how many Syncs are worked on side by side. Default: 8.
	Workers int
	// ApplyWorkers is how many objects of one Sync are written side by side. Default: 8.
	ApplyWorkers int
	// Fetches is how many repositories are asked or fetched side by side. Default: 8, of
	// which one server leaves two to others, and one namespace one.
	Fetches int
	// Reporter tells the forge how a commit fared. Default: nobody is told.
	Reporter StatusReporter
	// AppTokens signs in as GitHub Apps that Secrets of sources name. Default: such
	// Secrets are refused.
	AppTokens AppTokens
	// AllowNoServiceAccount lets Syncs that name no ServiceAccount use the
	// reconciler's own rights, which are usually those of an administrator.
	// Default: such Syncs are refused.
	AllowNoServiceAccount bool
	// RetryMin and RetryMax bound the pause before a failed step is tried again; it
	// doubles from one to the other. Default: 1s and 1m.
	RetryMin, RetryMax time.Duration
	// Step hears of each step of the work on a Sync once it is done: tests end the
	// process there. Default: nobody does.
	Step func(sync types.NamespacedName, step string)
	// Now tells the time. Default: time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() (Config, error) {
	if c.REST == nil || c.CacheDir == "" || c.Builder == nil {
		return c, errors.New("configuring the reconciler: REST, CacheDir and Builder are required")
	}
	if c.WebhookBind != "" && c.WebhookSecret.IsZero() {
		return c, errors.New("configuring the reconciler: webhooks without a secret would let anybody trigger work (hint: set the webhook secret)")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Step == nil {
		c.Step = func(types.NamespacedName, string) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Workers = orDefault(c.Workers, 8)
	c.ApplyWorkers = orDefault(c.ApplyWorkers, 8)
	c.Fetches = orDefault(c.Fetches, 8)
	if c.RetryMin <= 0 {
		c.RetryMin = time.Second
	}
	if c.RetryMax <= 0 {
		c.RetryMax = time.Minute
	}
	if c.Lease <= 0 {
		c.Lease = leaseDuration
	}
	if c.RequestTimeout <= 0 {
		c.RequestTimeout = requestTimeout
	}
	c.REST = rest.CopyConfig(c.REST)
	c.REST.Wrap(func(next http.RoundTripper) http.RoundTripper { return bounded{next: next, within: c.RequestTimeout} })
	if c.LeaderElection {
		c.REST.Wrap(newFence(c).wrap)
	}
	c.REST.QPS = -1 // the server's own flow control and our workers are the limit
	if c.REST.UserAgent == "" {
		c.REST.UserAgent = "towline-reconciler"
	}
	return c, nil
}

func orDefault(n, fallback int) int {
	if n <= 0 {
		return fallback
	}
	return n
}

// requestTimeout is the default of Config.RequestTimeout.
const requestTimeout = 30 * time.Second
