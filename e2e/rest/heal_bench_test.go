package rest_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// disturbance is how objects of a kind are edited, and how it is seen that they are as they should be.
type disturbance struct {
	resource schema.GroupVersionResource
	edit     string // a merge patch
	healthy  func(*unstructured.Unstructured) bool
}

// disturbances are those of the kinds of [objects], in their order.
func disturbances() []disturbance {
	return []disturbance{
		{
			schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, `{"data":{"key":"edited"}}`,
			func(o *unstructured.Unstructured) bool {
				value, _, _ := unstructured.NestedString(o.Object, "data", "key")
				return value == "value"
			},
		},
		{
			schema.GroupVersionResource{Version: "v1", Resource: "services"},
			`{"spec":{"ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":81}]}}`,
			func(o *unstructured.Unstructured) bool {
				ports, _, _ := unstructured.NestedSlice(o.Object, "spec", "ports")
				port, ok := only(ports)
				return ok && port["targetPort"] == int64(80)
			},
		},
		{
			schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
			`{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"example.test/app:2"}]}}}}`,
			func(o *unstructured.Unstructured) bool {
				containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
				container, ok := only(containers)
				return ok && container["image"] == "example.test/app:1"
			},
		},
	}
}

func only(list []any) (map[string]any, bool) {
	if len(list) != 1 {
		return nil, false
	}
	one, ok := list[0].(map[string]any)
	return one, ok
}

// BenchmarkDriftHeal10000 deletes and edits, in turn, one of ten thousand objects, a ConfigMap, a Service or a Deployment,
// and measures the time from the API server's answer until a watch shows it as it should be: 500 times, or TOWLINE_HEALS.
// It runs once, whatever is asked for.
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
	took := map[string][]time.Duration{}
	for try := range tries {
		number, remove := try*7%10_000, try%2 == 0 // each kind comes deleted and edited
		which := disturbances()[number%3]
		how := map[bool]string{true: "deleted ", false: "edited "}[remove] + which.resource.Resource
		took[how] = append(took[how], s.disturb(which, fmt.Sprint("c", number), remove))
	}
	lines, _ := since(before, s.requests())
	for _, line := range lines {
		b.Logf("in %d heals: %s", tries, line)
	}
	var all []time.Duration
	for how, times := range took {
		slices.Sort(times)
		b.Logf("%s: p50 %s, p99 %s of %d", how, times[len(times)/2], times[len(times)*99/100], len(times))
		all = append(all, times...)
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "ms-most")
	b.ReportMetric(float64(s.applies(before))/float64(tries), "applies/heal")
	b.ReportMetric(0, "ns/op")
}

// disturb deletes or edits an object, and returns how long it takes until it is healed.
func (s *scene) disturb(which disturbance, name string, remove bool) time.Duration {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	client := s.dynamic.Resource(which.resource).Namespace(s.namespace)
	events, err := client.Watch(ctx, metav1.SingleObject(metav1.ObjectMeta{Name: name}))
	s.must(err)
	defer events.Stop()
	s.awaitEvent(ctx, events, func(e watch.Event) bool { return e.Type == watch.Added })
	if remove {
		err = client.Delete(ctx, name, metav1.DeleteOptions{})
	} else {
		_, err = client.Patch(ctx, name, types.MergePatchType, []byte(which.edit), metav1.PatchOptions{FieldManager: "meddler"})
	}
	s.must(err)
	start := time.Now()
	disturbed := false
	s.awaitEvent(ctx, events, func(e watch.Event) bool {
		object, ok := e.Object.(*unstructured.Unstructured)
		healthy := ok && e.Type != watch.Deleted && which.healthy(object)
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
