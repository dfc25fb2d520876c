package registry_test

import (
	"net/http"
	"strings"
	"sync"
)

// recorder is a transport that counts what was asked and answered: that HTTPS is
// tried in vain, once, isn't a registry's request.
type recorder struct {
	mu       sync.Mutex
	answered map[string]int // by "GET list", "HEAD manifest", …
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.answered == nil {
			r.answered = map[string]int{}
		}
		r.answered[req.Method+" "+kindOf(req.URL.Path)]++
	}
	return resp, err
}

func kindOf(path string) string {
	switch {
	case path == "/v2/":
		return "ping"
	case path == "/v2/token": // Gitea's; the others have none
		return "token"
	case strings.HasSuffix(path, "/tags/list"):
		return "list"
	case strings.Contains(path, "/manifests/"):
		return "manifest"
	}
	return path
}

// take returns how often each kind of request was answered since the last call.
func (r *recorder) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := r.answered
	r.answered = nil
	return counts
}
