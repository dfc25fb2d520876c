package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Host is how one registry host fares.
type Host struct {
	Name     string
	Failing  bool      // it is left alone but for a request now and then
	Held     time.Time // until when it asked for a pause; zero without one
	Requests int64     // sent so far
}

// Hosts registers metrics of registry hosts with reg, as list tells of them at each
// scrape:
//
//	towline_registry_up{host}                     0 while a host is left alone after failures
//	towline_registry_held_until_timestamp_seconds{host} until when it asked for a pause, 0 without one
//	towline_registry_requests_total{host}         requests sent, retries and tokens included
//
// An error means that one of the names is taken in reg.
func Hosts(reg prometheus.Registerer, list func() []Host) error {
	label := []string{"host"}
	return reg.Register(hosts{
		list:     list,
		up:       prometheus.NewDesc("towline_registry_up", "Whether a registry host is asked as usual (1) or left alone after failures (0).", label, nil),
		held:     prometheus.NewDesc("towline_registry_held_until_timestamp_seconds", "Unix time until which a registry host asked for a pause, 0 without one.", label, nil),
		requests: prometheus.NewDesc("towline_registry_requests_total", "Requests sent to a registry host.", label, nil),
	})
}

type hosts struct {
	list               func() []Host
	up, held, requests *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (h hosts) Describe(out chan<- *prometheus.Desc) {
	out <- h.up
	out <- h.held
	out <- h.requests
}

// Collect implements prometheus.Collector.
func (h hosts) Collect(out chan<- prometheus.Metric) {
	for _, host := range h.list() {
		up, until := 1.0, 0.0
		if host.Failing {
			up = 0
		}
		if !host.Held.IsZero() {
			until = float64(host.Held.Unix())
		}
		out <- prometheus.MustNewConstMetric(h.up, prometheus.GaugeValue, up, host.Name)
		out <- prometheus.MustNewConstMetric(h.held, prometheus.GaugeValue, until, host.Name)
		out <- prometheus.MustNewConstMetric(h.requests, prometheus.CounterValue, float64(host.Requests), host.Name)
	}
}
