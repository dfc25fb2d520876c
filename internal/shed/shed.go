// Package shed gives memory back to the system when the work that needed it is done.
//
// A reconciler works in bursts: a revision of ten thousand objects takes a hundred megabytes for a minute, and then nothing
// happens for a day. Go's runtime keeps free heap for the next burst for as long as nobody allocates, and the kernel counts
// every page of the program's file that the start or the burst has touched. Once the process has been quiet for a while,
// both are let go of, once, until it has worked again.
package shed

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// quiet is how many bytes may be allocated between two looks by a process that has nothing to do: leases, probes, metrics.
	quiet = 4 << 20
	// burst is how many bytes must have been allocated since the last time for it to be worth the while.
	burst = 16 << 20
)

// Run looks every so often whether there is something to let go of, until ctx ends.
func Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var last, shed uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := allocated()
		if now-last < quiet && now-shed > burst {
			Now()
			now = allocated()
			shed = now
		}
		last = now
	}
}

// Now lets go of free heap, and of the pages of the program's file: those that are used come back by themselves.
func Now() {
	debug.FreeOSMemory()
	code()
}

// allocated returns how many bytes were allocated since the start.
func allocated() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}
