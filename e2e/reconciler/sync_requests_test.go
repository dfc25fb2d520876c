package reconciler_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/towline-dev/towline/reconciler"
)

// requests notes what the reconciler asks of the API server.
type requests struct {
	mu   sync.Mutex
	seen []string // "VERB PATH"
}

// note is a change of the configuration that has all requests noted.
func (r *requests) note(c *reconciler.Config) {
	c.REST.Wrap(func(next http.RoundTripper) http.RoundTripper { return noting{r, next} })
}

type noting struct {
	requests *requests
	next     http.RoundTripper
}

func (n noting) RoundTrip(request *http.Request) (*http.Response, error) {
	n.requests.mu.Lock()
	n.requests.seen = append(n.requests.seen, request.Method+" "+request.URL.Path)
	n.requests.mu.Unlock()
	return n.next.RoundTrip(request)
}

// take gives the requests since the last take.
func (r *requests) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.seen
	r.seen = nil
	return taken
}

// writes gives those that change something, but for events and the Lease.
func (r *requests) writes() []string {
	return slices.DeleteFunc(r.take(), func(line string) bool {
		return strings.HasPrefix(line, "GET ") || strings.Contains(line, "/events") || strings.Contains(line, "/leases")
	})
}
