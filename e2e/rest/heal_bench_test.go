package rest_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// BenchmarkDriftHeal10000 deletes and edits, in turn, one of ten thousand objects, and measures the time from the API
// server's answer until a watch shows it as it should be: 500 times, or TOWLINE_HEALS. It runs once, whatever is asked for.
func BenchmarkDriftHeal10000(b *testing.B) {
	tries := 500
	if text := os.Getenv("TOWLINE_HEALS"); text != "" {
		var err error
		if tries, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	s := newScene(b)
	s.start()
	s.sync(objects(10_000), "30s")
	wait(b, 10*time.Second) // the cluster's own controllers have work to finish
	before := s.requests()
	var took []time.Duration
	for try := range tries {
		name := fmt.Sprint("c", try*3) // a ConfigMap
		took = append(took, s.disturb(name, try%2 == 0))
	}
	lines, n := since(before, s.requests())
	for _, line := range lines {
		b.Logf("in %d heals: %s", tries, line)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-most")
	b.ReportMetric(float64(n)/float64(tries)-1, "requests/heal") // one is our own
	b.ReportMetric(0, "ns/op")
}

// disturb deletes or edits a ConfigMap, and returns how long it takes until it is healed.
func (s *scene) disturb(name string, remove bool) time.Duration {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	client := s.kube.CoreV1().ConfigMaps(s.namespace)
	events, err := client.Watch(ctx, metav1.SingleObject(metav1.ObjectMeta{Name: name}))
	s.must(err)
	defer events.Stop()
	s.awaitEvent(ctx, events, func(e watch.Event) bool { return e.Type == watch.Added })
	if remove {
		err = client.Delete(ctx, name, metav1.DeleteOptions{})
	} else {
		_, err = client.Patch(ctx, name, types.MergePatchType, []byte(`{"data":{"key":"edited"}}`), metav1.PatchOptions{FieldManager: "meddler"})
	}
	s.must(err)
	start := time.Now()
	disturbed := false
	s.awaitEvent(ctx, events, func(e watch.Event) bool {
		object, ok := e.Object.(*corev1.ConfigMap)
		healthy := ok && e.Type != watch.Deleted && object.Data["key"] == "value"
		disturbed = disturbed || !healthy
		return disturbed && healthy
	})
	return time.Since(start)
}

func (s *scene) awaitEvent(ctx context.Context, events watch.Interface, is func(watch.Event) bool) {
	s.Helper()
	for {
		select {
		case event, ok := <-events.ResultChan():
			if !ok {
				s.Fatal("the watch ended")
			}
			if is(event) {
				return
			}
		case <-ctx.Done():
			s.Fatal(ctx.Err())
		}
	}
}
