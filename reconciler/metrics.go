package reconciler

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

// metrics are registered in the registry that this reconciler was given, so that two
// of them can live in one process.
type metrics struct {
	registry  *prometheus.Registry
	reconcile *prometheus.HistogramVec
	objects   *prometheus.CounterVec
	healed    *prometheus.CounterVec
	ready     *prometheus.GaugeVec
	polls     *prometheus.HistogramVec
	webhooks  *prometheus.CounterVec
}

func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		registry: registry,
		reconcile: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "towline_reconcile_duration_seconds", Help: "Duration of one attempt to make the cluster equal to a revision, health not included.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"result"}),
		objects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "towline_objects_total", Help: "What was done to objects.",
		}, []string{"action"}),
		healed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "towline_drift_healed_total", Help: "Objects that were healed of drift.",
		}, []string{"namespace", "name", "cause"}),
		ready: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "towline_sync_ready", Help: "1 where the Sync is ready, 0 where not.",
		}, []string{"namespace", "name"}),
		polls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "towline_source_poll_duration_seconds", Help: "Duration of asking a repository for its head, and of fetching what moved.",
			Buckets: []float64{.005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"result"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "towline_webhook_requests_total", Help: "Webhooks by the HTTP status they were answered with.",
		}, []string{"code"}),
	}
	for _, c := range []prometheus.Collector{m.reconcile, m.objects, m.healed, m.ready, m.polls, m.webhooks} {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) polled(took time.Duration, moved bool, err error) {
	result := "unchanged"
	switch {
	case err != nil:
		result = "failed"
	case moved:
		result = "fetched"
	}
	m.polls.WithLabelValues(result).Observe(took.Seconds())
}

func (m *metrics) attempted(took time.Duration, reason string) {
	m.reconcile.WithLabelValues(reason).Observe(took.Seconds())
}

func (m *metrics) did(result apply.Result) {
	for _, o := range result.Outcomes {
		m.objects.WithLabelValues(string(o.Action)).Inc()
	}
}

func (m *metrics) state(st *state) {
	ready := 0.0
	if isTrue(&st.status, v1.ConditionReady) {
		ready = 1
	}
	m.ready.WithLabelValues(st.key.Namespace, st.key.Name).Set(ready)
}

func (m *metrics) forget(st *state) {
	labels := prometheus.Labels{"namespace": st.key.Namespace, "name": st.key.Name}
	m.ready.DeletePartialMatch(labels)
	m.healed.DeletePartialMatch(labels)
}
