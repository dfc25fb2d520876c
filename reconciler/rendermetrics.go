package reconciler

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/towline-dev/towline/reconciler/build/cache"
)

// renderMetrics show at each scrape what the memory of renders counts itself.
type renderMetrics struct {
	stats           func() cache.Stats
	requests, bytes *prometheus.Desc
}

var _ prometheus.Collector = renderMetrics{}

func newRenderMetrics(stats func() cache.Stats) renderMetrics {
	return renderMetrics{
		stats: stats,
		requests: prometheus.NewDesc("towline_render_cache_requests_total",
			"Folders that were to be rendered: hit where an earlier result held, miss where not.", []string{"result"}, nil),
		bytes: prometheus.NewDesc("towline_render_cache_bytes", "What the results of renders that are kept take in memory.", nil, nil),
	}
}

// Describe names the metrics.
func (m renderMetrics) Describe(all chan<- *prometheus.Desc) {
	all <- m.requests
	all <- m.bytes
}

// Collect gives them.
func (m renderMetrics) Collect(all chan<- prometheus.Metric) {
	stats := m.stats()
	all <- prometheus.MustNewConstMetric(m.requests, prometheus.CounterValue, float64(stats.Hits), "hit")
	all <- prometheus.MustNewConstMetric(m.requests, prometheus.CounterValue, float64(stats.Misses), "miss")
	all <- prometheus.MustNewConstMetric(m.bytes, prometheus.GaugeValue, float64(stats.Bytes))
}
