package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/metrics"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/internal/shed"
	"github.com/towline-dev/towline/reconciler"
)

// quietFor is how long the reconciler must have had nothing to do before it lets go of
// the memory that the work took.
const quietFor = 15 * time.Second

// reconcilerFlags are the command line of `towline reconciler`.
type reconcilerFlags struct {
	kubeconfig, config, webhookSecretFile string
	run                                   reconciler.Config
	logs                                  logFlags
	bases                                 baseFlags
}

func newReconciler(p process) *cobra.Command {
	var f reconcilerFlags
	cmd := &cobra.Command{
		Use:   "reconciler",
		Short: "Carry merged changes into the cluster",
		Long: `Runs the controller of the Sync resource: pulls the repositories, renders, applies, prunes,
heals drift, watches health and reports on the commits. It runs in the cluster, or beside it
with --kubeconfig. Each Sync is applied as the ServiceAccount that it names.`,
		Example: `  towline reconciler --webhook-bind-address :9292 --webhook-secret-file /etc/towline/webhook
  towline reconciler --kubeconfig ~/.kube/config --cache-dir /tmp/towline`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := f.logs.logger(p)
			if err != nil {
				return err
			}
			c, err := f.wire(p, log)
			if err != nil {
				return err
			}
			reconciler.AdoptLogs(log)
			log.Info("started", "version", version())
			go shed.Run(cmd.Context(), quietFor)
			err = reconciler.Run(cmd.Context(), c)
			log.Info("stopped")
			return err
		},
	}
	f.add(cmd)
	return cmd
}

func (f *reconcilerFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file; by default the Pod's own ServiceAccount is used")
	flags.StringVar(&f.config, "config", "", "file of the kind ReconcilerConfig, which names the forges to report to")
	flags.StringVar(&f.run.CacheDir, "cache-dir", "", "folder of the Git mirrors (default: towline's folder in the user's cache)")
	flags.StringVar(&f.run.Namespace, "namespace", "", "look at the Syncs of one namespace only")
	flags.StringVar(&f.run.MetricsBind, "metrics-bind-address", "", "address of /metrics, such as :8080")
	flags.StringVar(&f.run.ProbeBind, "health-probe-bind-address", "", "address of /healthz and /readyz, such as :8081")
	flags.StringVar(&f.run.WebhookBind, "webhook-bind-address", "", "address of /webhook, such as :9292")
	flags.StringVar(&f.webhookSecretFile, "webhook-secret-file", "", "file with the secret that the forge signs webhooks with")
	flags.BoolVar(&f.run.LeaderElection, "leader-elect", false, "keep all but one of several replicas waiting")
	flags.StringVar(&f.run.LeaderElectionNamespace, "leader-election-namespace", "", "namespace of the Lease (default: the Pod's own)")
	flags.IntVar(&f.run.Workers, "concurrent", 0, "how many Syncs are worked on side by side (default 8)")
	flags.BoolVar(&f.run.AllowNoServiceAccount, "allow-no-service-account", false,
		"apply Syncs that name no ServiceAccount with the reconciler's own rights")
	f.bases.add(cmd)
	f.logs.add(cmd)
}

// wire makes the reconciler's configuration of the flags and the files they name.
func (f *reconcilerFlags) wire(p process, log *slog.Logger) (reconciler.Config, error) {
	c := f.run
	c.Log, c.Decrypters, c.AppTokens = log, decrypter, appTokens(log)
	var err error
	if c.CacheDir == "" {
		if c.CacheDir, err = stateDir(""); err != nil {
			return c, err
		}
	}
	renderer, err := f.bases.renderer(c.CacheDir, log)
	if err != nil {
		return c, err
	}
	c.Builder, c.RenderStats = renderer, renderer.Stats
	if c.REST, err = clusterConfig(f.kubeconfig); err != nil {
		return c, err
	}
	if f.webhookSecretFile != "" {
		text, err := os.ReadFile(f.webhookSecretFile)
		if err != nil {
			return c, err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			return c, fmt.Errorf("the webhook secret file %s is empty", f.webhookSecretFile)
		}
		c.WebhookSecret = secret.New(string(text))
	}
	if f.config == "" {
		return c, nil
	}
	file, err := config.LoadReconciler(f.config)
	if err != nil {
		return c, err
	}
	c.Metrics = prometheus.NewRegistry()
	asked, err := metrics.Forges(c.Metrics)
	if err != nil {
		return c, err
	}
	reporter, err := wireStatuses(p, file, wireQuotas(asked), log)
	c.Reporter = reporter
	return c, err
}

// clusterConfig is the way to the cluster: the file that is named, or the Pod's own.
func clusterConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig != "" {
		return clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	c, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, usageError{errors.New("this isn't a Pod: name a kubeconfig with --kubeconfig")}
	}
	return c, err
}
