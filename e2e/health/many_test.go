package health_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/reconciler/health"
)

// requests counts what is asked, and how many watches there are at a time.
type requests struct {
	mu                        sync.Mutex
	lists, watches, now, most int
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		watch := request.URL.Query().Get("watch") != ""
		r.mu.Lock()
		if watch {
			r.watches++
			r.now++
			r.most = max(r.most, r.now)
		} else {
			r.lists++
		}
		r.mu.Unlock()
		response, err := next.RoundTrip(request)
		switch {
		case !watch:
		case err != nil:
			r.ended()
		default:
			response.Body = &counted{response.Body, sync.OnceFunc(r.ended)}
		}
		return response, err
	})
}

func (r *requests) ended() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now--
}

func (r *requests) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%d watches, at most %d at a time and %d now; %d other requests", r.watches, r.most, r.now, r.lists)
}

type counted struct {
	io.ReadCloser
	closed func()
}

func (c *counted) Close() error {
	c.closed()
	return c.ReadCloser.Close()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// TestManyWaitsShareWatches has many sets waited for at a time, as when the Syncs of a new cluster are applied.
func TestManyWaitsShareWatches(t *testing.T) {
	const sets = 60
	s := newStage(t)
	asked := s.many(sets)
	t.Logf("%d sets: %s", sets, asked)
	// Of two resources, at most eight watches each for sets of their own, and one for all others.
	if asked.most > 2*9 {
		t.Errorf("%d watches at a time for %d waits", asked.most, sets)
	}
	asked.awaitNone(t)
}

// BenchmarkManyWaits waits for as many sets at a time.
func BenchmarkManyWaits(b *testing.B) {
	for _, sets := range []int{100, 1000} {
		b.Run(fmt.Sprint(sets), func(b *testing.B) {
			for b.Loop() {
				s := newStage(b)
				asked := s.many(sets)
				b.ReportMetric(float64(asked.most), "watches-at-a-time")
				b.ReportMetric(float64(asked.watches+asked.lists), "requests")
				asked.awaitNone(b)
			}
		})
	}
}

// many creates sets of a Deployment and a Service, some at a time, and waits for all of them side by side.
func (s *stage) many(sets int) *requests {
	s.Helper()
	const workers = 16
	waiter, asked := s.waiter(0)
	ctx, cancel := context.WithTimeout(s.Context(), 10*patience)
	defer cancel()
	s.resource(s.read(workload("Deployment", "1", ""))) // the mapper asks for all kinds, once
	start := time.Now()
	var waits sync.WaitGroup
	free := make(chan struct{}, workers)
	for i := range sets {
		free <- struct{}{}
		waits.Go(func() {
			set := fmt.Sprintf("set-%d-%s", i, s.namespace)
			// Each has Pods of its own: the controllers look at all that a selector matches.
			deployment := s.read(strings.ReplaceAll(workload("Deployment", "1", "replicas: 1,"), "{app: web}", fmt.Sprintf("{app: web-%d}", i)))
			deployment.SetName(fmt.Sprintf("web-%d", i))
			service := s.read(fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: web-%d}, spec: {selector: {app: web}, ports: [{port: 80}]}}`, i))
			targets, err := s.tryMake(ctx, set, deployment, service)
			<-free
			if err != nil {
				s.Errorf("making %s: %v", set, err)
				return
			}
			report, err := waiter.Wait(ctx, health.Request{Set: set, Targets: targets})
			if err != nil || !report.Healthy() {
				s.Errorf("waiting for %s: %v, %s", set, err, report.Summary())
			}
		})
	}
	waits.Wait()
	s.Logf("%d sets are ready after %s", sets, time.Since(start).Round(time.Millisecond))
	return asked
}

// awaitNone waits until no watch is left: while nobody waits, nothing is watched.
func (r *requests) awaitNone(t testing.TB) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		r.mu.Lock()
		now := r.now
		r.mu.Unlock()
		if now == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("watches go on while nobody waits: %s", r)
		}
	}
}
