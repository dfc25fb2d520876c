package reconciler

import (
	"fmt"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

// metrics are registered in the registry that this reconciler was given, so that two
// of them can live in one process. docs/sync.md lists them.
type metrics struct {
	registry  *prometheus.Registry
	reconcile *prometheus.HistogramVec
	perSync   *prometheus.HistogramVec
	builds    *prometheus.CounterVec
	objects   *prometheus.CounterVec
	healed    *prometheus.CounterVec
	ready     *prometheus.GaugeVec
	condition *prometheus.GaugeVec
	suspended *prometheus.GaugeVec
	owned     *prometheus.GaugeVec
	polls     *prometheus.HistogramVec
	webhooks  *prometheus.CounterVec
}

func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	sync := []string{"namespace", "name"}
	m := &metrics{
		registry: registry,
		reconcile: histogram("towline_reconcile_duration_seconds", "Duration of one attempt to make the cluster equal to a revision, the last wait for health not included.",
			[]float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}, "result"),
		// Flux's name and labels, so that its dashboards show our Syncs too.
		perSync: histogram("gotk_reconcile_duration_seconds", "The same for each Sync, under Flux's name.",
			[]float64{.1, 1, 10, 60, 300}, "kind", "name", "namespace"),
		builds:    counter("towline_builds_total", "Builds by what they came to: changed, same (as what stands) or failed.", "result"),
		objects:   counter("towline_objects_total", "What was done to objects.", "action"),
		healed:    counter("towline_drift_healed_total", "Objects that were healed of drift.", append(sync, "cause")...),
		ready:     gauge("towline_sync_ready", "1 where the Sync is ready, 0 where not.", sync...),
		condition: gauge("towline_sync_condition", "1 for the status (True, False, Unknown) that a condition has now.", append(sync, "type", "status")...),
		suspended: gauge("towline_sync_suspended", "1 where the Sync is suspended, 0 where not.", sync...),
		owned:     gauge("towline_sync_objects", "How many objects the Sync owns.", sync...),
		polls: histogram("towline_source_poll_duration_seconds", "Duration of asking a repository for its head, and of fetching what moved.",
			[]float64{.005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "result"),
		webhooks: counter("towline_webhook_requests_total", "Webhooks by the HTTP status they were answered with.", "code"),
	}
	for _, c := range []prometheus.Collector{
		m.reconcile, m.perSync, m.builds, m.objects, m.healed, m.ready, m.condition, m.suspended, m.owned, m.polls, m.webhooks,
	} {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return m, nil
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
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

func (m *metrics) attempted(s *v1.Sync, took time.Duration, reason string) {
	m.reconcile.WithLabelValues(reason).Observe(took.Seconds())
	m.perSync.WithLabelValues(v1.Kind, s.Name, s.Namespace).Observe(took.Seconds())
}

func (m *metrics) did(result apply.Result) {
	for _, o := range result.Outcomes {
		m.objects.WithLabelValues(string(o.Action)).Inc()
	}
}

// state shows the status of a Sync as it was just found.
func (m *metrics) state(s *v1.Sync, st *state) {
	m.ready.WithLabelValues(s.Namespace, s.Name).Set(number(isTrue(&st.status, v1.ConditionReady)))
	m.suspended.WithLabelValues(s.Namespace, s.Name).Set(number(s.Spec.Suspend))
	total := int32(0)
	for _, kind := range st.status.Inventory {
		total += kind.Count
	}
	m.owned.WithLabelValues(s.Namespace, s.Name).Set(float64(total))
	m.conditions(st)
}

// conditions shows those of a Sync. It touches only what has changed: finding all series
// of one Sync means going through those of all.
func (m *metrics) conditions(st *state) {
	now := map[string]string{}
	for _, c := range st.status.Conditions {
		now[c.Type] = string(c.Status)
	}
	if maps.Equal(now, st.shown) {
		return
	}
	for kind, status := range st.shown {
		m.condition.DeleteLabelValues(st.key.Namespace, st.key.Name, kind, status)
	}
	for kind, status := range now {
		m.condition.WithLabelValues(st.key.Namespace, st.key.Name, kind, status).Set(1)
	}
	st.shown = now
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func labelsOf(st *state) prometheus.Labels {
	return prometheus.Labels{"namespace": st.key.Namespace, "name": st.key.Name}
}

func (m *metrics) forget(st *state) {
	for _, perSync := range []interface {
		DeletePartialMatch(labels prometheus.Labels) int
	}{
		m.ready, m.healed, m.perSync, m.condition, m.suspended, m.owned,
	} {
		perSync.DeletePartialMatch(labelsOf(st))
	}
}
