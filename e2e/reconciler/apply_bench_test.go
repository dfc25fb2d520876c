package reconciler_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/fluxcd/pkg/ssa"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// mixed returns a thousand objects, a third each ConfigMaps, Services and Deployments without replicas.
func mixed(b *testing.B, namespace string) []*unstructured.Unstructured {
	b.Helper()
	var all []*unstructured.Unstructured
	for i := range 1000 {
		manifests := []string{
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: c%[1]d}, data: {key: value, other: "2"}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: c%[1]d}, spec: {selector: {app: c%[1]d}, clusterIP: None, ports: [{name: http, port: 80, protocol: TCP, targetPort: 80}]}}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: c%[1]d}, spec: {replicas: 0, selector: {matchLabels: {app: c%[1]d}}, template: {metadata: {labels: {app: c%[1]d}}, spec: {containers: [{name: app, image: "example.test/app:1"}]}}}}`,
		}
		content := map[string]any{}
		if err := yaml.Unmarshal(fmt.Appendf(nil, manifests[i%3], i), &content); err != nil {
			b.Fatal(err)
		}
		object := &unstructured.Unstructured{Object: content}
		object.SetNamespace(namespace)
		all = append(all, object)
	}
	return all
}

// BenchmarkApply1000First compares, in one run against one control plane, three ways to apply a thousand new objects: the
// applier, client-go's own server-side apply by as many workers, and fluxcd/pkg/ssa at the concurrency that its
// controller uses. Each iteration is a round of all three, each with a namespace of its own, in an order that changes.
// Before each the control plane comes to rest: its controllers work on for seconds after objects have come.
//
// Reported are medians; "vs" is how many times the applier's time the other's is, by the clock, and "cpu" the same of CPU
// time, the control plane's and our own together, which what else the machine does changes less.
func BenchmarkApply1000First(b *testing.B) {
	cluster := testbed.Kube(b)
	ways := []string{"client-go", "towline", "ssa"}
	took := costs{}
	var requests []int
	for round := 0; b.Loop(); round++ {
		for i := range ways {
			way := ways[(i+round)%len(ways)]
			switch way {
			case "client-go":
				objects := mixed(b, cluster.Namespace(b))
				took.measure(b, cluster, way, func() { applyByClientGo(b, cluster.Config, objects) })
			case "ssa":
				objects := mixed(b, cluster.Namespace(b))
				manager := bySSA(b, cluster.Config)
				took.measure(b, cluster, way, func() { manager(objects) })
			default:
				bench := newBench(b, cluster)
				took.measure(b, cluster, way, func() { bench.apply(b) })
				requests = append(requests, bench.requests.of("PATCH"))
				bench.end(b)
			}
		}
	}
	slices.Sort(requests)
	b.ReportMetric(float64(requests[len(requests)/2])/1000, "writes/object")
	took.report(b)
}

// BenchmarkApply1000Again compares applying the same thousand objects again: nothing changed, and one per cent changed.
func BenchmarkApply1000Again(b *testing.B) {
	cluster := testbed.Kube(b)
	bench := newBench(b, cluster)
	bench.apply(b)
	if err := bench.watcher.AwaitSync(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer bench.end(b)
	known := mixed(b, cluster.Namespace(b))
	manager := bySSA(b, cluster.Config)
	manager(known)
	client := mixed(b, cluster.Namespace(b))
	applyByClientGo(b, cluster.Config, client)

	took := costs{}
	unchanged := 0
	for round := 0; b.Loop(); round++ {
		took.measure(b, cluster, "client-go", func() { applyByClientGo(b, cluster.Config, client) })
		took.measure(b, cluster, "ssa", func() { manager(known) })
		bench.requests.reset()
		took.measure(b, cluster, "towline", func() { bench.apply(b) })
		unchanged += bench.requests.of("PATCH") + bench.requests.of("GET")
		for i := 0; i < len(bench.objects); i += 102 { // a multiple of three: ConfigMaps
			bench.objects[i].Object["data"] = map[string]any{"key": fmt.Sprint("round ", round)}
		}
		took.measure(b, cluster, "towline-1%", func() { bench.apply(b) })
	}
	b.ReportMetric(float64(unchanged)/float64(b.N), "requests-unchanged")
	b.ReportMetric(took.wall("ssa")/took.wall("towline-1%"), "ssa-vs-towline-1%")
	took.report(b)
}

// bySSA returns what applies objects as Flux does.
func bySSA(b *testing.B, config *rest.Config) func([]*unstructured.Unstructured) {
	b.Helper()
	config = rest.CopyConfig(config)
	config.QPS = -1
	direct, err := client.New(config, client.Options{})
	if err != nil {
		b.Fatal(err)
	}
	manager := ssa.NewResourceManager(direct, nil, ssa.Owner{Field: "ssa", Group: "ssa.example.com"})
	manager.SetConcurrency(4)
	return func(objects []*unstructured.Unstructured) {
		if _, err := manager.ApplyAllStaged(b.Context(), objects, ssa.DefaultApplyOptions()); err != nil {
			b.Fatal(err)
		}
	}
}

func applyByClientGo(b *testing.B, config *rest.Config, objects []*unstructured.Unstructured) {
	b.Helper()
	config = rest.CopyConfig(config)
	config.QPS = -1
	direct, err := dynamic.NewForConfig(config)
	if err != nil {
		b.Fatal(err)
	}
	resources := map[string]schema.GroupVersionResource{
		"ConfigMap": {Version: "v1", Resource: "configmaps"}, "Service": {Version: "v1", Resource: "services"},
		"Deployment": {Group: "apps", Version: "v1", Resource: "deployments"},
	}
	var workers errgroup.Group
	workers.SetLimit(8)
	for _, object := range objects {
		workers.Go(func() error {
			_, err := direct.Resource(resources[object.GetKind()]).Namespace(object.GetNamespace()).
				Apply(b.Context(), object.GetName(), object, metav1.ApplyOptions{FieldManager: "client-go", Force: true})
			return err
		})
	}
	if err := workers.Wait(); err != nil {
		b.Fatal(err)
	}
}

// bench is a set under a running watcher.
type bench struct {
	applier  *apply.Applier
	watcher  *drift.Watcher
	requests *counter
	id       string
	objects  []*unstructured.Unstructured
	ended    chan error
	stop     func()
}

func newBench(b *testing.B, cluster *testbed.Cluster) *bench {
	b.Helper()
	namespace := cluster.Namespace(b)
	x := &bench{
		requests: &counter{}, objects: mixed(b, namespace), ended: make(chan error, 1),
		id: apply.SetID(inventory.ObjectRef{Group: "towline.dev", Kind: "Sync", Namespace: namespace, Name: "bench"}),
	}
	config := rest.CopyConfig(cluster.Config)
	config.Wrap(x.requests.wrap)
	var err error
	if x.watcher, err = drift.New(drift.Config{REST: config, Notify: func(e drift.Event) { b.Errorf("drift: %s", e) }}); err != nil {
		b.Fatal(err)
	}
	if x.applier, err = apply.New(apply.Config{REST: config, Memory: x.watcher}); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	x.stop = cancel
	go func() { x.ended <- x.watcher.Run(ctx) }()
	return x
}

func (x *bench) apply(b *testing.B) {
	b.Helper()
	plan, err := x.applier.Plan(b.Context(), apply.Set{ID: x.id, Objects: x.objects})
	if err != nil {
		b.Fatal(err)
	}
	if err := x.applier.Apply(b.Context(), plan).Err(); err != nil {
		b.Fatal(err)
	}
}

func (x *bench) end(b *testing.B) {
	b.Helper()
	x.stop()
	if err := <-x.ended; err != nil {
		b.Fatal(err)
	}
}
