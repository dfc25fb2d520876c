package chaos_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// spoiling answers a request in place of the API server, or spoils its answer. next asks
// the API server.
type spoiling func(answer http.ResponseWriter, request *http.Request, next http.Handler)

// proxy stands between a reconciler and the API server.
type proxy struct {
	server *httptest.Server
	next   http.Handler

	mu    sync.Mutex
	which func(*http.Request) bool // requests that are spoiled; nil for none
	spoil spoiling
	hits  int            // requests that were spoiled
	sent  map[string]int // requests by "VERB PATH"
}

// newProxy starts a proxy that passes on what it gets, as the administrator.
func newProxy(t testing.TB, cluster *rest.Config) *proxy {
	t.Helper()
	transport, err := rest.TransportFor(cluster)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(cluster.Host)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{sent: map[string]int{}}
	p.next = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1, // watches are streams
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { abort() },
	}
	p.server = httptest.NewUnstartedServer(p)
	p.server.EnableHTTP2 = true
	p.server.Config.ErrorLog = quiet()
	p.server.StartTLS()
	t.Cleanup(func() {
		p.heal()
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

// config is the way through the proxy.
func (p *proxy) config() *rest.Config {
	return &rest.Config{Host: p.server.URL, TLSClientConfig: rest.TLSClientConfig{
		CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw}),
	}}
}

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	p.mu.Lock()
	p.sent[verb(request)+" "+request.URL.Path]++
	spoil := p.next.ServeHTTP
	if p.which != nil && p.which(request) {
		p.hits++
		by := p.spoil
		spoil = func(answer http.ResponseWriter, request *http.Request) { by(answer, request, p.next) }
	}
	p.mu.Unlock()
	spoil(answer, request)
}

// harm spoils the requests of a kind until heal.
func (p *proxy) harm(which func(*http.Request) bool, spoil spoiling) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.which, p.spoil, p.hits = which, spoil, 0
}

// heal ends the fault and tells how many requests it spoiled.
func (p *proxy) heal() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.which = nil
	return p.hits
}

func (p *proxy) spoiled() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits
}

// count tells how many requests of a verb there were to paths that contain a text.
func (p *proxy) count(verb, path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for request, times := range p.sent {
		if strings.HasPrefix(request, verb+" ") && strings.Contains(request, path) {
			n += times
		}
	}
	return n
}

// drop cuts all connections, those of watches too.
func (p *proxy) drop() { p.server.CloseClientConnections() }

// verb names what a request does, as the tests see it.
func verb(r *http.Request) string {
	query, path := r.URL.Query(), r.URL.Path
	of := func(resource string) bool { return strings.Contains(path, "/"+resource) }
	switch {
	case query.Has("dryRun"):
		return "dry run"
	case of("leases"):
		return "lease"
	case of("events") && r.Method != http.MethodGet:
		return "event"
	case of("syncs/") && strings.HasSuffix(path, "/status"):
		return "status"
	case of("syncs/") && r.Method == http.MethodPatch:
		return "claim"
	case r.Method == http.MethodDelete:
		return "delete"
	case r.Header.Get("Content-Type") == "application/apply-patch+yaml":
		return "apply"
	case r.Method != http.MethodGet:
		return "inventory"
	case query.Get("watch") != "":
		return "watch"
	case discovers(path):
		return "discovery"
	case single(path):
		return "get"
	}
	return "list"
}

func discovers(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch parts[0] {
	case "api":
		return len(parts) <= 2
	case "apis":
		return len(parts) <= 3
	}
	return true
}

// single tells whether a path names one object.
func single(path string) bool {
	_, after, ok := strings.Cut(path, "/namespaces/")
	return ok && strings.Count(after, "/") != 1
}

// tell logs what was asked often.
func (p *proxy) tell(t testing.TB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for request, times := range p.sent {
		if times > 50 {
			t.Logf("%d times: %s", times, request)
		}
	}
}
