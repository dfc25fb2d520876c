package capabilities_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/capabilities"
)

// server is an API server without aggregated discovery, whose answers may be replaced.
type server struct {
	mu       sync.Mutex
	answers  map[string]string
	versions int // how often it was asked for its version
	hold     chan struct{}
}

func newServer(t *testing.T) (*server, discovery.DiscoveryInterface) {
	t.Helper()
	s := &server{answers: map[string]string{
		"/version": `{"gitVersion":"v1.36.2"}`,
		"/api":     `{"kind":"APIVersions","versions":["v1"]}`,
		"/api/v1":  `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","kind":"Pod","namespaced":true},{"name":"pods/log","kind":"Pod","namespaced":true}]}`,
		"/apis": `{"kind":"APIGroupList","apiVersion":"v1","groups":[
			{"name":"metrics.k8s.io","versions":[{"groupVersion":"metrics.k8s.io/v1beta1","version":"v1beta1"}]},
			{"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}]}]}`,
		"/apis/apps/v1":                `{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[{"name":"deployments","kind":"Deployment","namespaced":true}]}`,
		"/apis/metrics.k8s.io/v1beta1": `{"kind":"APIResourceList","groupVersion":"metrics.k8s.io/v1beta1","resources":[{"name":"nodes","kind":"NodeMetrics"}]}`,
	}}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	client, err := discovery.NewDiscoveryClientForConfig(&rest.Config{Host: web.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	body, ok := s.answers[r.URL.Path]
	hold := s.hold
	if r.URL.Path == "/version" {
		s.versions++
	}
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte(body))
}

func (s *server) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, path)
}

func (s *server) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.versions
}

func all() build.Capabilities {
	return build.Capabilities{KubeVersion: "v1.36.2", APIVersions: []string{
		"apps/v1", "apps/v1/Deployment", "metrics.k8s.io/v1beta1", "metrics.k8s.io/v1beta1/NodeMetrics", "v1", "v1/Pod",
	}}
}

func get(t *testing.T, r *capabilities.Reader) build.Capabilities {
	t.Helper()
	can, err := r.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return can
}

func TestGet(t *testing.T) {
	s, client := newServer(t)
	now := time.Now()
	r := capabilities.NewReader(client, func() time.Time { return now })
	if diff := cmp.Diff(all(), get(t, r)); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
	get(t, r)
	if n := s.asked(); n != 1 {
		t.Errorf("asked %d times, want once while it is fresh", n)
	}
	r.Forget()
	get(t, r)
	now = now.Add(capabilities.Every)
	get(t, r)
	if n := s.asked(); n != 3 {
		t.Errorf("asked %d times, want again after Forget and after %v", n, capabilities.Every)
	}
}

// TestAbsent holds that an API that is away for a while doesn't take objects out of charts.
func TestAbsent(t *testing.T) {
	s, client := newServer(t)
	r := capabilities.NewReader(client, time.Now)
	get(t, r)
	s.remove("/apis/metrics.k8s.io/v1beta1")
	r.Forget()
	if diff := cmp.Diff(all(), get(t, r)); diff != "" {
		t.Errorf("while an API is away (-want +got):\n%s", diff)
	}
	can, err := capabilities.Read(client)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"apps/v1", "apps/v1/Deployment", "metrics.k8s.io/v1beta1", "v1", "v1/Pod"}
	if diff := cmp.Diff(want, can.APIVersions); diff != "" {
		t.Errorf("of an API that was never seen (-want +got):\n%s", diff)
	}
}

func TestUnreachable(t *testing.T) {
	s, client := newServer(t)
	s.remove("/version")
	if _, err := capabilities.NewReader(client, time.Now).Get(t.Context()); err == nil {
		t.Error("no error from a server that gives no version")
	}
}

// TestTogether holds that many callers make one question, and that one of them can give up.
func TestTogether(t *testing.T) {
	s, client := newServer(t)
	s.hold = make(chan struct{})
	r := capabilities.NewReader(client, time.Now)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Get(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v of a cancelled call, want context.Canceled", err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if can, err := r.Get(t.Context()); err != nil || can.KubeVersion != "v1.36.2" {
				t.Errorf("got %v, %v", can, err)
			}
		})
	}
	close(s.hold)
	group.Wait()
	if n := s.asked(); n != 1 {
		t.Errorf("asked %d times, want once for all", n)
	}
}
