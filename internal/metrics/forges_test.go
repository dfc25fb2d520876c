package metrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/towline-dev/towline/internal/metrics"
)

func TestForges(t *testing.T) {
	reg := prometheus.NewRegistry()
	count, err := metrics.Forges(reg)
	if err != nil {
		t.Fatal(err)
	}
	count("github", "ok")
	count("github", "unchanged")
	count("github", "ok")
	count("gitlab", "limited")
	want := `
# HELP towline_forge_requests_total Requests to forges, by kind of forge and what became of them.
# TYPE towline_forge_requests_total counter
towline_forge_requests_total{forge="github",result="ok"} 2
towline_forge_requests_total{forge="github",result="unchanged"} 1
towline_forge_requests_total{forge="gitlab",result="limited"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if _, err := metrics.Forges(reg); err == nil {
		t.Error("the same name can be registered twice")
	}
}
