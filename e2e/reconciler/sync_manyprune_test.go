package reconciler_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// BenchmarkManyPrunes has 1,000 Syncs of one repository, of which each prunes one of its
// four objects: before, each must know that no other Sync wants the object now. An op is
// the commit, from the webhook until all are ready; then all Syncs are deleted.
func BenchmarkManyPrunes(b *testing.B) {
	asked := &requests{}
	s := newSyncs(b, asked.note)
	files, fewer := map[string]string{}, map[string]string{}
	for i := range fleet {
		file := fmt.Sprintf("f%d/all.yaml", i)
		files[file], fewer[file] = four(i, "1"), three(i, "1")
	}
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		ready := s.allReady(s.commit(files))
		s.makeFleet()
		s.must(<-ready)
		asked.take()
		ours, theirs := cpu(b, os.Getpid()), cpu(b, s.cluster.PID())
		ready = s.allReady(s.commit(fewer))
		b.StartTimer()
		s.push(webhookKey, "main", fmt.Sprint(n))
		s.must(<-ready)
		b.StopTimer()
		b.Logf("pruned: %d requests, CPU time here %s, of the control plane %s", len(asked.take()),
			cpu(b, os.Getpid())-ours, cpu(b, s.cluster.PID())-theirs)
		ours, theirs = cpu(b, os.Getpid()), cpu(b, s.cluster.PID())
		started := time.Now()
		gone := s.allGone()
		s.must(s.client.DeleteAllOf(b.Context(), &v1.Sync{}, client.InNamespace(s.namespace)))
		s.must(<-gone)
		b.ReportMetric(time.Since(started).Seconds(), "s-until-all-gone")
		b.Logf("gone: %d requests, CPU time here %s, of the control plane %s", len(asked.take()),
			cpu(b, os.Getpid())-ours, cpu(b, s.cluster.PID())-theirs)
		b.StartTimer()
	}
}

// allGone tells when as many Syncs as the fleet has are deleted.
func (s *syncs) allGone() <-chan error {
	s.Helper()
	watcher, err := client.NewWithWatch(s.cluster.Config, client.Options{Scheme: s.client.Scheme()})
	s.must(err)
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Minute)
	events, err := watcher.Watch(ctx, &v1.SyncList{}, client.InNamespace(s.namespace))
	s.must(err)
	done := make(chan error, 1)
	go func() {
		defer cancel()
		defer events.Stop()
		gone := 0
		for event := range events.ResultChan() {
			if event.Type == watch.Deleted {
				gone++
			}
			if gone == fleet {
				done <- nil
				return
			}
		}
		done <- fmt.Errorf("%d of %d Syncs are gone", gone, fleet)
	}()
	return done
}
