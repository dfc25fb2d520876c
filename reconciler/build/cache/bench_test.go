package cache_test

import (
	"fmt"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/cache"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
	"github.com/towline-dev/towline/reconciler/build/plain"
)

// Benchmark1000Syncs looks up what 1,000 Syncs of one repository give at a commit that
// touches one of them: the time is that of the 999 others. Each has files of its own,
// as a Sync of the reconciler does.
func Benchmark1000Syncs(b *testing.B) {
	for _, kind := range []string{"plain", "kustomize"} {
		b.Run(kind, func(b *testing.B) {
			files := map[string]string{}
			for i := range 1000 {
				for j := range 4 {
					files[fmt.Sprintf("apps/%d/%d.yaml", i, j)] = configMap(fmt.Sprintf("c%d-%d", i, j))
				}
				if kind == "kustomize" {
					files[fmt.Sprintf("apps/%d/kustomization.yaml", i)] = "resources: [0.yaml, 1.yaml, 2.yaml, 3.yaml]\n"
				}
			}
			h := newHistory(b)
			first := h.commit(gitrepotest.Commit{Files: files})
			inner := &counted{Builder: build.Select(kustomize.New(build.Limits{}), plain.Builder{})}
			r := cache.New(cache.Config{}).Wrap("both", inner, nil)
			for i := range 1000 {
				mustRender(b, r, first, fmt.Sprint("apps/", i))
			}
			n := 0
			for b.Loop() {
				b.StopTimer()
				n++
				h.commit(gitrepotest.Commit{Files: map[string]string{"apps/7/0.yaml": configMap(fmt.Sprint("changed", n))}})
				b.StartTimer()
				for i := range 1000 {
					if i == 7 {
						continue
					}
					mustRender(b, r, h.files(), fmt.Sprint("apps/", i))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/999, "µs/Sync")
			if got := inner.builds.Load(); got != 1000 {
				b.Errorf("%d builds, want 1000", got)
			}
		})
	}
}
