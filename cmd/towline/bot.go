package main

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/metrics"
	"github.com/towline-dev/towline/internal/web"
	"github.com/towline-dev/towline/registry"
)

func newBot(p process) *cobra.Command {
	var (
		file         string
		once, dryRun bool
		logs         logFlags
	)
	cmd := &cobra.Command{
		Use:   "bot --config FILE [--once] [--dry-run]",
		Short: "Propose updates as pull requests, as a daemon or once",
		Long: `Looks after the repositories that FILE names: scans the registries by the policies
committed there, on their schedules, and opens or updates a pull request for each update.
With --once it looks at every policy once and exits, 1 where anything failed. With --dry-run,
which implies --once, it prints what it would do, pull request by pull request: title, labels,
body (or the commit's message where there is no pull request) and diff; what it would leave
alone, close and delete, and why; what waits or is held back; and how many there are of each.
It writes nothing.`,
		Example: `  towline bot --config bot.yaml
  towline bot --config bot.yaml --once --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadBot(file)
			if err != nil {
				return err
			}
			log, err := logs.logger(p)
			if err != nil {
				return err
			}
			if dryRun {
				b, err := wireBot(p, c, log, event.Log(log), wireQuotas(nil))
				if err != nil {
					return err
				}
				return errors.Join(printPreviews(cmd, b.Preview(cmd.Context())), b.close())
			}
			return runBot(cmd.Context(), p, c, log, once)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration file, kind BotConfig")
	cmd.Flags().BoolVar(&once, "once", false, "look at every policy once and exit")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be proposed and write nothing (implies --once)")
	logs.add(cmd)
	required(cmd, "config")
	return cmd
}

// runBot runs the bot and, where the configuration asks, its status server.
func runBot(ctx context.Context, p process, c config.Bot, log *slog.Logger, once bool) (err error) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	measured, err := metrics.Handler(reg)
	if err != nil {
		return err
	}
	asked, err := metrics.Forges(reg)
	if err != nil {
		return err
	}
	b, err := wireBot(p, c, log, event.Multi(event.Log(log), measured), wireQuotas(asked))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := metrics.Hosts(reg, func() []metrics.Host { return hostMetrics(b.registries.Hosts()) }); err != nil {
		return err
	}
	if once {
		return b.Once(ctx)
	}
	hooks, err := wireWebhooks(p, c, b.Bot, reg, log)
	if err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	if c.Listen != "" {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
		if err != nil {
			return err
		}
		log.Info("listening", "address", l.Addr().String())
		work.Go(func() error {
			return web.Serve(ctx, l, web.Handler(web.Config{Ready: b.Ready, Metrics: reg, Webhooks: hooks}))
		})
	}
	work.Go(func() error { return b.Run(ctx) })
	log.Info("started", "repositories", len(c.Repositories), "version", version())
	err = work.Wait()
	log.Info("stopped")
	return err
}

// hostMetrics picks what is measured of registry hosts.
func hostMetrics(all []registry.HostStatus) []metrics.Host {
	hosts := make([]metrics.Host, 0, len(all))
	for _, h := range all {
		failing := h.State == registry.HostFailing || h.State == registry.HostTrying
		hosts = append(hosts, metrics.Host{Name: h.Host, Failing: failing, Held: h.HeldUntil, Requests: h.Requests})
	}
	return hosts
}
