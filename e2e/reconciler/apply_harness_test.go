package reconciler_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/drift"
	"github.com/towline-dev/towline/reconciler/inventory"
)

// patience bounds every wait for the cluster in these tests; none takes as long unless it fails.
const patience = 30 * time.Second

// harness is one set in a namespace of its own, applied under a watcher, with all requests counted.
type harness struct {
	*testing.T
	cluster   *testbed.Cluster
	namespace string
	id        string
	applier   *apply.Applier
	watcher   *drift.Watcher
	mapper    *apply.Mapper
	client    dynamic.Interface // the tests' own, not counted
	requests  *counter
	network   *network
	drifted   chan drift.Event
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	cluster := testbed.Kube(t)
	h := &harness{T: t, cluster: cluster, namespace: cluster.Namespace(t), requests: &counter{}, network: &network{}, drifted: make(chan drift.Event, 1000)}
	h.id = apply.SetID(inventory.ObjectRef{Group: "towline.dev", Kind: "Sync", Namespace: h.namespace, Name: "test"})
	config := rest.CopyConfig(cluster.Config)
	config.Dial = h.network.dial
	config.Wrap(h.requests.wrap)
	var err error
	if h.client, err = dynamic.NewForConfig(cluster.Config); err != nil {
		t.Fatal(err)
	}
	if h.watcher, err = drift.New(drift.Config{REST: config, Notify: func(e drift.Event) { h.drifted <- e }}); err != nil {
		t.Fatal(err)
	}
	if h.mapper, err = apply.NewMapper(config, nil); err != nil {
		t.Fatal(err)
	}
	if h.applier, err = apply.New(apply.Config{REST: config, Mapper: h.mapper, Memory: h.watcher}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.watcher.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("watcher ended with %v", err)
		}
	})
	return h
}

// ctx ends with the test, or when patience does.
func (h *harness) ctx() context.Context {
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	h.Cleanup(cancel)
	return ctx
}

func (h *harness) set(objects ...*unstructured.Unstructured) apply.Set {
	return apply.Set{ID: h.id, Namespace: h.namespace, Objects: objects}
}

func (h *harness) plan(objects ...*unstructured.Unstructured) *apply.Plan {
	h.Helper()
	plan, err := h.applier.Plan(h.ctx(), h.set(objects...))
	if err != nil {
		h.Fatalf("planning: %v", err)
	}
	return plan
}

// apply applies objects of which none may fail, and waits until the watches have caught up.
func (h *harness) apply(objects ...*unstructured.Unstructured) apply.Result {
	h.Helper()
	result := h.applier.Apply(h.ctx(), h.plan(objects...))
	if err := result.Err(); err != nil {
		h.Fatalf("applying: %v", err)
	}
	if err := h.watcher.AwaitSync(h.ctx()); err != nil {
		h.Fatal(err)
	}
	return result
}

// awaitDrift returns the next event.
func (h *harness) awaitDrift() drift.Event {
	h.Helper()
	select {
	case event := <-h.drifted:
		return event
	case <-h.ctx().Done():
		h.Fatal("no drift was noticed")
		return drift.Event{}
	}
}

// resource returns a client for the kind of an object, in the object's namespace.
func (h *harness) resource(object *unstructured.Unstructured) dynamic.ResourceInterface {
	h.Helper()
	kind := object.GroupVersionKind()
	mapping, err := h.mapper.Mapping(h.ctx(), kind.GroupKind(), kind.Version)
	if err != nil {
		h.Fatal(err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return h.client.Resource(mapping.Resource)
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = h.namespace
	}
	return h.client.Resource(mapping.Resource).Namespace(namespace)
}

func (h *harness) get(object *unstructured.Unstructured) *unstructured.Unstructured {
	h.Helper()
	live, err := h.resource(object).Get(h.ctx(), object.GetName(), metav1.GetOptions{})
	if err != nil {
		h.Fatal(err)
	}
	return live
}

func (h *harness) ref(object *unstructured.Unstructured) inventory.ObjectRef {
	ref := inventory.RefOf(object)
	if ref.Namespace == "" {
		ref.Namespace = h.namespace
	}
	return ref
}

// object reads a manifest.
func object(t testing.TB, manifest string) *unstructured.Unstructured {
	t.Helper()
	content := map[string]any{}
	if err := yaml.Unmarshal([]byte(manifest), &content); err != nil {
		t.Fatalf("reading manifest: %v\n%s", err, manifest)
	}
	return &unstructured.Unstructured{Object: content}
}

func configMap(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	return object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: "+name+"}, data: {key: '1'}}")
}

func deployment(t *testing.T, name, image string) *unstructured.Unstructured {
	t.Helper()
	return object(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: `+name+`}
spec:
  replicas: 2
  selector: {matchLabels: {app: `+name+`}}
  template:
    metadata: {labels: {app: `+name+`}}
    spec:
      containers:
      - {name: app, image: "`+image+`", env: [{name: MODE, value: prod}]}
`)
}

// counter counts requests by method; watches apart.
type counter struct {
	mu    sync.Mutex
	count map[string]int
}

func (c *counter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		method := request.Method
		if request.URL.Query().Get("watch") != "" {
			method = "WATCH"
		}
		c.mu.Lock()
		if c.count == nil {
			c.count = map[string]int{}
		}
		c.count[method]++
		c.mu.Unlock()
		return next.RoundTrip(request)
	})
}

// of returns how many requests were made since the last reset, by method.
func (c *counter) of(method string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count[method]
}

func (c *counter) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count = nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// network can cut every connection that was made through it.
type network struct {
	mu          sync.Mutex
	connections []net.Conn
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.connections = append(n.connections, connection)
	return connection, nil
}

func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, connection := range n.connections {
		_ = connection.Close() // that is what it is for
	}
	n.connections = nil
}

func toJSON(t testing.TB, value any) string {
	t.Helper()
	encoded, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
