package health_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/e2e/testbed"
)

// frozen is the API server with one object as it was at some time, so that kubectl can be asked about a state that passed
// in milliseconds. All else is the real server's answer.
type frozen struct {
	server  *httptest.Server
	kubectl string
	cache   string

	mu     sync.Mutex
	object *unstructured.Unstructured
	path   string // of the object's resource
}

func newFrozen(t testing.TB, cluster *testbed.Cluster) *frozen {
	t.Helper()
	transport, err := rest.TransportFor(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(cluster.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	f := &frozen{kubectl: testbed.Kubectl(t), cache: t.TempDir()}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		f.mu.Lock()
		object, path := f.object, f.path
		f.mu.Unlock()
		switch {
		case object == nil || req.URL.Path != path && req.URL.Path != path+"/"+object.GetName():
			proxy.ServeHTTP(w, req)
		case req.URL.Path != path:
			answer(w, object.Object)
		case req.URL.Query().Get("watch") != "":
			watch(w, req, object)
		default:
			answer(w, map[string]any{"apiVersion": object.GetAPIVersion(), "kind": object.GetKind() + "List", "metadata": map[string]any{"resourceVersion": "1"}, "items": []any{object.Object}})
		}
	}))
	t.Cleanup(f.server.Close)
	return f
}

func answer(w http.ResponseWriter, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a client that is gone wants none
}

// watch shows the object to those who ask for it first, and then nothing.
func watch(w http.ResponseWriter, req *http.Request, object *unstructured.Unstructured) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	if req.URL.Query().Get("sendInitialEvents") == "true" {
		_ = encoder.Encode(map[string]any{"type": "ADDED", "object": object.Object}) // as above
		_ = encoder.Encode(map[string]any{"type": "BOOKMARK", "object": map[string]any{
			"apiVersion": object.GetAPIVersion(), "kind": object.GetKind(),
			"metadata": map[string]any{"resourceVersion": "1", "annotations": map[string]any{"k8s.io/initial-events-end": "true"}},
		}})
	}
	_ = http.NewResponseController(w).Flush() // as above
	<-req.Context().Done()
}

// show freezes an object of a resource, such as "/apis/apps/v1/namespaces/a/deployments".
func (f *frozen) show(path string, object *unstructured.Unstructured) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.path, f.object = path, object
}

// ask runs kubectl; what it says is standard output and error together.
func (f *frozen) ask(t testing.TB, args ...string) (said string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), f.kubectl, append([]string{"--server", f.server.URL, "--cache-dir", f.cache, "--request-timeout=20s"}, args...)...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err == nil
}
