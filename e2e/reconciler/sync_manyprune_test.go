package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
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
		s.push(webhookKey, fmt.Sprint(n))
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

// allGone tells when the namespace has no Sync left. Its informer begins anew where a
// watch is cut, as it may be while a thousand objects change at once.
func (s *syncs) allGone() <-chan error {
	s.Helper()
	watcher, err := dynamic.NewForConfig(s.cluster.Config)
	s.must(err)
	resource := v1.GroupVersion().WithResource("syncs")
	ctx, cancel := context.WithTimeoutCause(s.Context(), 10*time.Minute, errors.New("some Syncs are still there"))
	informer := dynamicinformer.NewFilteredDynamicInformer(watcher, resource, s.namespace, 0, cache.Indexers{}, nil).Informer()
	gone := make(chan struct{}, 1)
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: func(any) {
		if len(informer.GetStore().ListKeys()) == 0 {
			gone <- struct{}{}
		}
	}})
	s.must(err)
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		s.Fatal("the watch of Syncs didn't begin")
	}
	done := make(chan error, 1)
	go func() {
		defer cancel()
		select {
		case <-gone:
			done <- nil
		case <-ctx.Done():
			done <- context.Cause(ctx)
		}
	}()
	return done
}
