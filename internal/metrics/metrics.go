// Package metrics turns events into Prometheus metrics. It knows events and
// nothing of the pipeline that makes them.
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/towline-dev/towline/internal/event"
)

// Handler counts the bot's events in metrics that it registers with reg:
//
//	towline_bot_round_duration_seconds{repository}      how long a round took
//	towline_bot_last_round_timestamp_seconds{repository} when the last one ended, by the clock of the registerer's process
//	towline_bot_pending_updates{repository}             updates wanted at the last round
//	towline_bot_updates_total{repository,action}        what was done about updates
//	towline_bot_failures_total{repository}              failures told, by repository
//	towline_bot_problems_total{repository}              things written by people that can't be used
//
// An error means that one of the names is taken in reg.
func Handler(reg prometheus.Registerer) (event.Handler, error) {
	m := &bot{
		rounds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "towline_bot_round_duration_seconds", Help: "Duration of one round over a manifest repository.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"repository"}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "towline_bot_last_round_timestamp_seconds", Help: "Unix time of the end of the last round.",
		}, []string{"repository"}),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "towline_bot_pending_updates", Help: "Updates that were wanted at the last round.",
		}, []string{"repository"}),
		updates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "towline_bot_updates_total", Help: "Outcomes of updates by action.",
		}, []string{"repository", "action"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "towline_bot_failures_total", Help: "Failures that were reported.",
		}, []string{"repository"}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "towline_bot_problems_total", Help: "Problems found in policies and manifests.",
		}, []string{"repository"}),
	}
	for _, c := range []prometheus.Collector{m.rounds, m.last, m.pending, m.updates, m.failures, m.problems} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

type bot struct {
	rounds   *prometheus.HistogramVec
	last     *prometheus.GaugeVec
	pending  *prometheus.GaugeVec
	updates  *prometheus.CounterVec
	failures *prometheus.CounterVec
	problems *prometheus.CounterVec
}

// Handle implements event.Handler.
func (m *bot) Handle(e event.Event) {
	switch e := e.(type) {
	case event.RoundFinished:
		m.rounds.WithLabelValues(e.Repository).Observe(e.Seconds)
		m.last.WithLabelValues(e.Repository).SetToCurrentTime()
		m.pending.WithLabelValues(e.Repository).Set(float64(e.Updates))
	case event.PullRequest:
		m.updates.WithLabelValues(e.Repository, e.Action).Inc()
	case event.Failed:
		m.failures.WithLabelValues(e.Repository).Inc()
	case event.Problem:
		m.problems.WithLabelValues(e.Repository).Inc()
	}
}
