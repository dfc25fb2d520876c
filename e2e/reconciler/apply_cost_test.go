package reconciler_test

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
)

// cost is what some work took.
type cost struct {
	wall time.Duration
	cpu  time.Duration // of this process and the control plane, until that was at rest again
}

// costs are those of several ways to do the same, run by run.
type costs map[string][]cost

// measure has a control plane at rest do some work.
func (c costs) measure(b *testing.B, cluster *testbed.Cluster, way string, work func()) {
	b.Helper()
	runtime.GC()
	atRest(b, cluster)
	spent := func() time.Duration { return cpu(b, os.Getpid()) + cpu(b, cluster.PID()) }
	before, start := spent(), time.Now()
	work()
	took := cost{wall: time.Since(start)}
	atRest(b, cluster)
	took.cpu = spent() - before
	c[way] = append(c[way], took)
}

// atRest waits until the control plane does next to nothing.
func atRest(b *testing.B, cluster *testbed.Cluster) {
	b.Helper()
	const look, most = 500 * time.Millisecond, 50 * time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	limit := time.After(10 * time.Second) // its own house-keeping may take as much at times
	for before := cpu(b, cluster.PID()); ; {
		select {
		case <-ticker.C:
		case <-limit:
			return
		case <-b.Context().Done():
			b.Fatal(b.Context().Err())
		}
		now := cpu(b, cluster.PID())
		if now-before <= most {
			return
		}
		before = now
	}
}

func (c costs) median(way string, of func(cost) time.Duration) float64 {
	var all []float64
	for _, one := range c[way] {
		all = append(all, of(one).Seconds())
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// wall gives seconds.
func (c costs) wall(way string) float64 {
	return c.median(way, func(one cost) time.Duration { return one.wall })
}

// spent gives seconds of CPU time.
func (c costs) spent(way string) float64 {
	return c.median(way, func(one cost) time.Duration { return one.cpu })
}

func (c costs) report(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // of all ways together: it says nothing
	for _, way := range slices.Sorted(maps.Keys(c)) {
		b.ReportMetric(c.wall(way), way+"-s")
		b.ReportMetric(c.spent(way), way+"-cpu-s")
		if way == "client-go" || way == "ssa" {
			b.ReportMetric(c.wall(way)/c.wall("towline"), way+"-vs-towline")
		}
	}
	b.ReportMetric(c.spent("ssa")/max(c.spent("towline"), 0.01), "ssa-vs-towline-cpu")
}
