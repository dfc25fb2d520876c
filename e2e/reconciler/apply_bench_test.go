package reconciler_test

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
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

// BenchmarkApply1000 compares, in one run against one control plane, the applier with client-go's own server-side apply
// of the same objects by as many workers. Each iteration of "first" takes a namespace of its own.
func BenchmarkApply1000(b *testing.B) {
	cluster := testbed.Kube(b)
	b.Run("client-go/first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			objects := mixed(b, cluster.Namespace(b))
			b.StartTimer()
			applyByClientGo(b, cluster.Config, objects)
		}
	})
	b.Run("towline/first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			bench := newBench(b, cluster)
			b.StartTimer()
			bench.apply(b)
			b.StopTimer()
			bench.end(b)
			b.StartTimer()
		}
	})
	b.Run("client-go/unchanged", func(b *testing.B) {
		objects := mixed(b, cluster.Namespace(b))
		applyByClientGo(b, cluster.Config, objects)
		for b.Loop() {
			applyByClientGo(b, cluster.Config, objects)
		}
	})
	b.Run("towline/unchanged", func(b *testing.B) {
		bench := newBench(b, cluster)
		bench.apply(b)
		if err := bench.watcher.AwaitSync(b.Context()); err != nil {
			b.Fatal(err)
		}
		bench.requests.reset()
		for b.Loop() {
			bench.apply(b)
		}
		b.ReportMetric(float64(bench.requests.of("PATCH")+bench.requests.of("GET"))/float64(b.N), "requests/op")
		bench.end(b)
	})
	b.Run("towline/1percent", func(b *testing.B) {
		bench := newBench(b, cluster)
		bench.apply(b)
		if err := bench.watcher.AwaitSync(b.Context()); err != nil {
			b.Fatal(err)
		}
		round := 0
		for b.Loop() {
			round++
			for i := 0; i < len(bench.objects); i += 102 { // a multiple of three: ConfigMaps
				bench.objects[i].Object["data"] = map[string]any{"key": fmt.Sprint("round ", round)}
			}
			bench.apply(b)
		}
		bench.end(b)
	})
}

func applyByClientGo(b *testing.B, config *rest.Config, objects []*unstructured.Unstructured) {
	b.Helper()
	config = rest.CopyConfig(config)
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
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
			_, err := client.Resource(resources[object.GetKind()]).Namespace(object.GetNamespace()).
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
