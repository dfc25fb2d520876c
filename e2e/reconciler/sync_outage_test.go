package reconciler_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/reconciler"
)

// TestSyncAfterAnOutage holds that a Sync that failed because the API server was away is
// woken when it is back. Its own pause would outlast the test.
func TestSyncAfterAnOutage(t *testing.T) {
	cluster := testbed.OwnKube(t)
	done := make(steps, 1000)
	s := newSyncsOn(t, cluster, done.note, func(c *reconciler.Config) { c.RetryMin, c.RetryMax = time.Hour, time.Hour })
	s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1")})
	done.drain()
	cluster.Shutdown()
	second := s.commit(map[string]string{"app/a.yaml": manifest("a", "2")})
	done.concluded(t)
	s.must(cluster.Restart(t.Context()))
	s.awaitReady("app", second)
	s.awaitConfigMap("a", "2")
}

// TestSyncThroughFaults holds that a Sync gets through an API server that answers some of
// the requests with an error, whichever they are, and that nothing is lost by it.
func TestSyncThroughFaults(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable, 0} {
		t.Run(fmt.Sprint("status ", code), func(t *testing.T) {
			t.Parallel()
			interruptions := &interruptions{code: code}
			s := newSyncs(t, interruptions.inject)
			s.awaitReadyAfter(map[string]string{"app/a.yaml": manifest("a", "1"), "app/old.yaml": manifest("old", "1")})
			for every := 2; every <= 5; every++ {
				interruptions.every(every, 12)
				revision := s.commit(map[string]string{
					"app/a.yaml": manifest("a", fmt.Sprint(every)), fmt.Sprintf("app/new%d.yaml", every): manifest(fmt.Sprintf("new%d", every), "1"),
				}, map[bool]string{true: "app/old.yaml", false: fmt.Sprintf("app/new%d.yaml", every-1)}[every == 2])
				s.awaitReady("app", revision)
				s.awaitConfigMap("a", fmt.Sprint(every))
			}
			for name, want := range map[string]bool{"old": false, "new4": false, "new5": true} {
				if got := s.there(name); got != want {
					t.Errorf("%s is there: %t, want %t", name, got, want)
				}
			}
			if interruptions.injected() == 0 {
				t.Error("no request was spoilt")
			}
		})
	}
}

// interruptions spoils requests that write, and those that read an inventory.
type interruptions struct {
	code int // 0 is a connection that is cut after the request was served

	mu                sync.Mutex
	nth, left, n, all int
}

func (f *interruptions) inject(c *reconciler.Config) {
	c.REST.Wrap(func(next http.RoundTripper) http.RoundTripper { return interrupting{f, next} })
}

// every has each nth request fail, and at most so many of them.
func (f *interruptions) every(nth, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nth, f.left, f.n = nth, most, 0
}

func (f *interruptions) injected() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all
}

func (f *interruptions) hits(request *http.Request) bool {
	if strings.Contains(request.URL.Path, "/events") || request.Method == http.MethodGet && !strings.Contains(request.URL.Path, "/configmaps/") {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n++; f.nth == 0 || f.left == 0 || f.n%f.nth != 0 {
		return false
	}
	f.left--
	f.all++
	return true
}

type interrupting struct {
	*interruptions
	next http.RoundTripper
}

func (f interrupting) RoundTrip(request *http.Request) (*http.Response, error) {
	if !f.hits(request) {
		return f.next.RoundTrip(request)
	}
	if f.code == 0 {
		response, err := f.next.RoundTrip(request)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close() // it is lost
		return nil, context.DeadlineExceeded
	}
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"injected","reason":%q,"code":%d}`, reasonOf(f.code), f.code)
	return &http.Response{
		StatusCode: f.code, Status: http.StatusText(f.code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)),
	}, nil
}

func reasonOf(code int) string {
	return map[int]string{409: "Conflict", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}[code]
}
