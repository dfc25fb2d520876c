package metrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/towline-dev/towline/internal/metrics"
)

func TestWebhooksAreCounted(t *testing.T) {
	reg := prometheus.NewRegistry()
	registry, forge, err := metrics.Webhooks(reg)
	if err != nil {
		t.Fatal(err)
	}
	registry("harbor", "accepted")
	registry("harbor", "accepted")
	registry("ghcr", "unauthorized")
	forge("forge-github", "ignored")
	want := `
# HELP towline_forge_webhooks_total Webhooks of forges by type and what became of them.
# TYPE towline_forge_webhooks_total counter
towline_forge_webhooks_total{result="ignored",type="forge-github"} 1
# HELP towline_registry_webhooks_total Webhooks of registries by type and what became of them.
# TYPE towline_registry_webhooks_total counter
towline_registry_webhooks_total{result="accepted",type="harbor"} 2
towline_registry_webhooks_total{result="unauthorized",type="ghcr"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if _, _, err := metrics.Webhooks(reg); err == nil {
		t.Error("registering the name twice gives no error")
	}
}
