package reconciler_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/towline-dev/towline/reconciler"
	"github.com/towline-dev/towline/reconciler/build"
)

// ending is a builder that has the reconciler stop when it is first used.
type ending struct {
	build.Renderer
	stop func()
	used atomic.Int64
}

func (e *ending) Render(ctx context.Context, request build.Request) (*build.Rendered, error) {
	if e.used.Add(1) == 1 {
		e.stop()
	}
	return e.Renderer.Render(ctx, request)
}

// TestSyncStopLeavesTheLine holds that a reconciler which is told to stop doesn't work on
// the Syncs that still wait in line.
func TestSyncStopLeavesTheLine(t *testing.T) {
	const line = 150
	s := newSyncs(t)
	s.stop()
	files := map[string]string{}
	for i := range line {
		files[fmt.Sprintf("f%d/a.yaml", i)] = manifest(fmt.Sprintf("a%d", i), "1")
	}
	s.commit(files)
	for i := range line {
		s.must(s.client.Create(s.ctx(), s.member(i)))
	}
	ctx, stop := context.WithCancel(s.ctx())
	var stopped time.Time
	builder := &ending{Renderer: s.config.Builder, stop: func() { stopped = time.Now(); stop() }}
	s.config.Builder, s.config.Workers = builder, 1
	s.must(reconciler.Run(ctx, s.config))
	if took := time.Since(stopped); builder.used.Load() > line/3 {
		t.Errorf("%d of %d were built, most of them after the stop, which took %s", builder.used.Load(), line, took)
	} else {
		t.Logf("%d were built; the stop took %s", builder.used.Load(), took)
	}
}
