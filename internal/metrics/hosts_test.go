package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/towline-dev/towline/internal/metrics"
)

func TestHosts(t *testing.T) {
	reg := prometheus.NewRegistry()
	list := func() []metrics.Host {
		return []metrics.Host{
			{Name: "ghcr.io", Requests: 7, Held: time.Unix(1700000000, 0)},
			{Name: "quay.io", Requests: 3, Failing: true},
		}
	}
	if err := metrics.Hosts(reg, list); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP towline_registry_held_until_timestamp_seconds Unix time until which a registry host asked for a pause, 0 without one.
# TYPE towline_registry_held_until_timestamp_seconds gauge
towline_registry_held_until_timestamp_seconds{host="ghcr.io"} 1.7e+09
towline_registry_held_until_timestamp_seconds{host="quay.io"} 0
# HELP towline_registry_requests_total Requests sent to a registry host.
# TYPE towline_registry_requests_total counter
towline_registry_requests_total{host="ghcr.io"} 7
towline_registry_requests_total{host="quay.io"} 3
# HELP towline_registry_up Whether a registry host is asked as usual (1) or left alone after failures (0).
# TYPE towline_registry_up gauge
towline_registry_up{host="ghcr.io"} 1
towline_registry_up{host="quay.io"} 0
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if err := metrics.Hosts(reg, list); err == nil {
		t.Error("the same names can be registered twice")
	}
}
