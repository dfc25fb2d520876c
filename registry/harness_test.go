package registry_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// fakeTime is a clock that only sleeping moves. It keeps what was slept.
type fakeTime struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newFakeTime() *fakeTime { return &fakeTime{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (f *fakeTime) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fakeTime) Sleep(ctx context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	f.slept = append(f.slept, d)
	return ctx.Err()
}

func (f *fakeTime) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fakeTime) Slept() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Duration(nil), f.slept...)
}

// keys is a keychain of one user for every host.
type keys authn.AuthConfig

func (k keys) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig(k)), nil
}

// newClient makes a client that never really sleeps and never reads the
// machine's docker configuration, for a registry at host.
func newClient(tb testing.TB, host string, change func(*registry.Config)) (*registry.Client, *fakeTime) {
	tb.Helper()
	clock := newFakeTime()
	config := registry.Config{
		Keychain: keys{},
		Hosts:    map[string]registry.HostConfig{host: {PlainHTTP: true, QPS: 1e6, Burst: 1e6}},
		Now:      clock.Now, Sleep: clock.Sleep, Jitter: func() float64 { return 0 },
	}
	if change != nil {
		change(&config)
	}
	client, err := registry.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return client, clock
}

// watch records requests on their way to the network.
type watch struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen []seen
}

type seen struct{ URL, Authorization, UserAgent string }

func newWatch(next http.RoundTripper) *watch {
	if next == nil {
		next = &http.Transport{}
	}
	return &watch{next: next}
}

func (w *watch) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.seen = append(w.seen, seen{req.URL.String(), req.Header.Get("Authorization"), req.UserAgent()})
	w.mu.Unlock()
	return w.next.RoundTrip(req)
}

func (w *watch) Seen() []seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]seen(nil), w.seen...)
}

func urls(w *watch) (all []string) {
	for _, r := range w.Seen() {
		all = append(all, r.URL)
	}
	return all
}

// handler is a transport that answers from a handler, without a network.
type handler func(*http.Request) *http.Response

func (h handler) RoundTrip(req *http.Request) (*http.Response, error) {
	resp := h(req)
	resp.Request = req
	return resp, req.Context().Err()
}

func push(t *testing.T, s *registrytest.Server, repository string, tags ...string) {
	t.Helper()
	if err := s.PushTags(repository, tags...); err != nil {
		t.Fatal(err)
	}
}

// faulty makes every answer of a registry that status.
func faulty(status int) func(*registrytest.Server) {
	return func(s *registrytest.Server) { s.AddFault(registrytest.Fault{Status: status}) }
}

// waitFor is a Fault's Wait that tells when it has begun, and lasts until released.
func waitFor(begun chan<- struct{}, release <-chan struct{}) func(context.Context) {
	return func(context.Context) {
		close(begun)
		<-release
	}
}
