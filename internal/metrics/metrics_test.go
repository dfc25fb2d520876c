package metrics_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/towline-dev/towline/internal/event"
	"github.com/towline-dev/towline/internal/metrics"
)

func TestHandlerCounts(t *testing.T) {
	reg := prometheus.NewRegistry()
	h, err := metrics.Handler(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []event.Event{
		event.RoundFinished{Repository: "deploy", Policies: 3, Updates: 2, Seconds: 0.2},
		event.PullRequest{Repository: "deploy", Action: "created"},
		event.PullRequest{Repository: "deploy", Action: "created"},
		event.PullRequest{Repository: "deploy", Action: "unchanged"},
		event.Failed{Repository: "deploy", Err: errors.New("x")},
		event.Problem{Repository: "deploy"},
	} {
		h.Handle(e)
	}
	want := `
# HELP towline_bot_failures_total Failures that were reported.
# TYPE towline_bot_failures_total counter
towline_bot_failures_total{repository="deploy"} 1
# HELP towline_bot_pending_updates Updates that were wanted at the last round.
# TYPE towline_bot_pending_updates gauge
towline_bot_pending_updates{repository="deploy"} 2
# HELP towline_bot_problems_total Problems found in policies and manifests.
# TYPE towline_bot_problems_total counter
towline_bot_problems_total{repository="deploy"} 1
# HELP towline_bot_updates_total Outcomes of updates by action.
# TYPE towline_bot_updates_total counter
towline_bot_updates_total{action="created",repository="deploy"} 2
towline_bot_updates_total{action="unchanged",repository="deploy"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "towline_bot_failures_total",
		"towline_bot_pending_updates", "towline_bot_problems_total", "towline_bot_updates_total"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(reg, "towline_bot_round_duration_seconds"); n != 1 {
		t.Errorf("%d round histograms, want 1", n)
	}
	if _, err := metrics.Handler(reg); err == nil {
		t.Error("registering the names twice gives no error")
	}
}
