package rest_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// BenchmarkRest10000 looks at a reconciler that has nothing to do: ten thousand objects of one Sync, all as they should be.
// It says what the process takes of memory, beside one that holds the same objects' metadata in informers and does nothing
// else, and what the API server counted for five minutes, or for TOWLINE_REST (a
// duration). It runs once, whatever is asked for.
func BenchmarkRest10000(b *testing.B) {
	quiet := 5 * time.Minute
	if text := os.Getenv("TOWLINE_REST"); text != "" {
		var err error
		if quiet, err = time.ParseDuration(text); err != nil {
			b.Fatal(err)
		}
	}
	s := newScene(b)
	s.start()
	idle := s.memoryOf(s.program.PID())
	b.Logf("without a Sync: %.0f MB resident, %.0f MB of it anonymous", idle.resident, idle.anonymous)
	start := time.Now()
	s.sync(objects(10_000), "30s")
	b.Logf("ready after %s", time.Since(start).Round(time.Second))
	peak := s.memoryOf(s.program.PID())
	b.Logf("then: %.0f MB resident, %.0f MB of it anonymous", peak.resident, peak.anonymous)

	wait(b, time.Minute) // the cluster's own controllers have work to finish
	before := s.requests()
	wait(b, quiet)
	lines, n := since(before, s.requests())
	now := s.memoryOf(s.program.PID())
	b.Logf("at rest: %.0f MB resident, %.0f MB of it anonymous", now.resident, now.anonymous)
	for _, line := range lines {
		b.Logf("in %s: %s", quiet, line)
	}
	bare := s.bare()
	b.Logf("a bare informer: %.0f MB resident, %.0f MB of it anonymous", bare.resident, bare.anonymous)
	s.restart(b)
	b.ReportMetric(float64(n)/10_000, "requests/object")
	b.ReportMetric(now.resident, "MB-RSS")
	b.ReportMetric(now.anonymous, "MB-anonymous")
	b.ReportMetric(idle.resident, "MB-RSS-idle")
	b.ReportMetric(bare.resident, "MB-RSS-bare-informer")
	b.ReportMetric(0, "ns/op")
}

// restart stops the program and starts it again, and says how long it takes until all objects were found unchanged and what
// that asks of the API server and takes of memory.
func (s *scene) restart(b *testing.B) {
	b.Helper()
	s.program.Stop()
	before, start := s.requests(), time.Now()
	s.start()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	s.must(s.program.Await(ctx, func(ctx context.Context) error {
		text, err := s.metrics(ctx)
		if err == nil && !strings.Contains(text, `towline_objects_total{action="unchanged"} 10000`+"\n") {
			err = errors.New("not all objects were found unchanged yet")
		}
		return err
	}))
	took := time.Since(start)
	lines, n := since(before, s.requests())
	for _, line := range lines {
		b.Logf("for a restart: %s", line)
	}
	peak := s.memoryOf(s.program.PID())
	b.Logf("restarted after %s, with %.0f MB resident, %.0f MB of it anonymous", took.Round(time.Millisecond), peak.resident, peak.anonymous)
	b.ReportMetric(took.Seconds(), "s-restart")
	b.ReportMetric(float64(n)/10_000, "requests/object-restart")
}

// wait lets time pass: how the program does over time is what is measured.
func wait(b *testing.B, d time.Duration) {
	b.Helper()
	select {
	case <-time.After(d):
	case <-b.Context().Done():
		b.Fatal(b.Context().Err())
	}
}
