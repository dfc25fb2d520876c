package reconciler_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// fleet is how many Syncs of one repository the benchmark has, of four objects each.
const fleet = 1000

// BenchmarkManySyncs makes 1,000 Syncs of one repository and waits until all are ready;
// then one commit after the other touches the folder of one of them, and a webhook tells.
// An op is such a commit, from the webhook until the object has its new value.
func BenchmarkManySyncs(b *testing.B) {
	asked := &requests{}
	s := newSyncs(b, asked.note)
	files := map[string]string{}
	for i := range fleet {
		files[fmt.Sprintf("f%d/all.yaml", i)] = four(i, "1")
	}
	revision := s.commit(files)
	started := time.Now()
	ready := s.allReady(revision)
	s.makeFleet()
	made := time.Since(started)
	s.must(<-ready)
	ours, theirs := cpu(b, os.Getpid()), cpu(b, s.cluster.PID())
	all, requests := time.Since(started), len(asked.take())
	b.Logf("all were made after %s and ready after %s, by %d requests; CPU time here %s, of the control plane %s", made, all, requests, ours, theirs)

	applied, n := s.metric(`towline_objects_total{action="configured"}`), 0
	changed := s.metric(`towline_builds_total{result="changed"}`)
	for b.Loop() {
		b.StopTimer()
		n++
		member, value := n*37%fleet, fmt.Sprint("value ", n)
		revision = s.commit(map[string]string{fmt.Sprintf("f%d/all.yaml", member): four(member, value)})
		ready = s.allReady(revision)
		b.StartTimer()
		s.push(webhookKey, fmt.Sprint(n))
		s.awaitConfigMap(fmt.Sprintf("a%d", member), value)
		b.StopTimer()
		s.must(<-ready)
		b.StartTimer()
	}
	b.ReportMetric(all.Seconds(), "s-until-all-ready")
	b.ReportMetric(float64(requests)/fleet, "requests/sync")
	b.ReportMetric((s.metric(`towline_objects_total{action="configured"}`)-applied)/float64(n), "objects/commit")
	b.ReportMetric((s.metric(`towline_builds_total{result="changed"}`)-changed)/float64(n), "builds/commit")
}

// makeFleet makes all Syncs of the fleet.
func (s *syncs) makeFleet() {
	s.Helper()
	var making errgroup.Group
	making.SetLimit(8)
	for i := range fleet {
		making.Go(func() error { return s.client.Create(s.Context(), s.member(i)) })
	}
	s.must(making.Wait())
}

// cpu gives the CPU time that a process has taken so far. On a machine that does other
// things as well it tells more than the clock.
func cpu(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0 // not on Linux
	}
	_, fields, _ := strings.Cut(string(text), ") ")
	ticks := 0
	for _, field := range strings.Fields(fields)[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			tb.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func (s *syncs) member(i int) *v1.Sync {
	return &v1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: fmt.Sprintf("f%d", i)},
		Spec: v1.SyncSpec{
			Source: v1.Source{URL: s.url, Branch: "main", Path: fmt.Sprintf("f%d", i)}, Prune: true, ServiceAccountName: "deployer",
			Interval: metav1.Duration{Duration: time.Hour}, Timeout: metav1.Duration{Duration: time.Minute},
		},
	}
}

// four are the objects of one Sync; the Deployment wants no Pods.
func four(i int, value string) string {
	return three(i, value) + "---\n" + manifest(fmt.Sprintf("b%d", i), "1")
}

// three are the objects of four but its second ConfigMap.
func three(i int, value string) string {
	return manifest(fmt.Sprintf("a%d", i), value) + fmt.Sprintf(`---
apiVersion: v1
kind: Service
metadata: {name: s%[1]d}
spec: {clusterIP: None, selector: {app: d%[1]d}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d%[1]d}
spec:
  replicas: 0
  selector: {matchLabels: {app: d%[1]d}}
  template:
    metadata: {labels: {app: d%[1]d}}
    spec: {containers: [{name: web, image: "example.com/web:1"}]}
`, i)
}

// allReady tells when as many Syncs as the fleet has are ready at a revision.
func (s *syncs) allReady(revision string) <-chan error {
	s.Helper()
	watcher, err := client.NewWithWatch(s.cluster.Config, client.Options{Scheme: s.client.Scheme()})
	s.must(err)
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Minute)
	events, err := watcher.Watch(ctx, &v1.SyncList{}, client.InNamespace(s.namespace))
	s.must(err)
	done := make(chan error, 1)
	go func() {
		defer cancel()
		defer events.Stop()
		ready := map[string]bool{}
		for event := range events.ResultChan() {
			y, ok := event.Object.(*v1.Sync)
			if !ok || event.Type == watch.Deleted {
				continue
			}
			if y.Status.LastAppliedRevision == revision && meta.IsStatusConditionTrue(y.Status.Conditions, v1.ConditionReady) {
				ready[y.Name] = true
			}
			if len(ready) == fleet {
				done <- nil
				return
			}
		}
		done <- fmt.Errorf("%d of %d Syncs are ready at %s", len(ready), fleet, revision)
	}()
	return done
}

// metric gives the value of a metric, 0 where there is none.
func (s *syncs) metric(name string) float64 {
	s.Helper()
	for line := range strings.Lines(s.get(s.metrics)) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			s.must(err)
			return value
		}
	}
	return 0
}
