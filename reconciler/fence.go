package reconciler

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// errFenced is a write of a replica that may have lost the Lease.
var errFenced = errors.New("the Lease wasn't renewed in time, so another replica may have it: nothing is written")

// fence keeps a replica from writing once it may have lost the Lease. A process that
// was frozen, or starved, for longer than the Lease lasts goes on where it was as soon
// as it wakes, before anything tells it that another has taken over. So every write
// looks at when the Lease was renewed last; renewals are seen as they pass.
type fence struct {
	valid time.Duration
	now   func() time.Time

	mu      sync.Mutex
	renewed time.Time // when the renewal that succeeded last was sent
}

func newFence(c Config) *fence {
	_, renew, _ := c.leaseTimes()
	return &fence{valid: renew, now: c.Now}
}

// wrap puts the fence before a transport.
func (f *fence) wrap(next http.RoundTripper) http.RoundTripper {
	return fenced{fence: f, next: next}
}

type fenced struct {
	fence *fence
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (f fenced) RoundTrip(request *http.Request) (*http.Response, error) {
	sent := f.fence.now()
	switch {
	case request.Method == http.MethodGet:
		return f.next.RoundTrip(request)
	case !ofLease(request):
		if !f.fence.holds(sent) {
			return nil, errFenced
		}
		return f.next.RoundTrip(request)
	}
	response, err := f.next.RoundTrip(request)
	if err == nil && response.StatusCode < http.StatusMultipleChoices {
		f.fence.renew(sent)
	}
	return response, err
}

func ofLease(request *http.Request) bool {
	return strings.HasPrefix(request.URL.Path, "/apis/coordination.k8s.io/") && strings.Contains(request.URL.Path, "/leases")
}

func (f *fence) renew(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renewed = at
}

func (f *fence) holds(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.Sub(f.renewed) < f.valid
}
