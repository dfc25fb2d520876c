package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestRetries(t *testing.T) {
	onTags := []registrytest.Kind{registrytest.KindTags}
	ms := time.Millisecond
	tests := []struct {
		name  string
		fault registrytest.Fault
		slept []time.Duration
		want  error // nil: the retry mends it
	}{
		{name: "500 once", fault: registrytest.Fault{Times: 1, Status: 500}, slept: []time.Duration{250 * ms}},
		{name: "502 twice", fault: registrytest.Fault{Times: 2, Status: 502}, slept: []time.Duration{250 * ms, 500 * ms}},
		{name: "503 for good", fault: registrytest.Fault{Status: 503}, slept: []time.Duration{250 * ms, 500 * ms, 1000 * ms}, want: registry.ErrUnavailable},
		{name: "429 without a word", fault: registrytest.Fault{Times: 1, Status: 429}, slept: []time.Duration{250 * ms}},
		{name: "429 with seconds", fault: registrytest.Fault{Times: 1, Status: 429, RetryAfter: "7"}, slept: []time.Duration{7 * time.Second}},
		{name: "429 with a date", fault: registrytest.Fault{Times: 1, Status: 429, RetryAfter: "Fri, 02 Jan 2026 03:04:14 GMT"}, slept: []time.Duration{9 * time.Second}},
		{name: "429 with a past date", fault: registrytest.Fault{Times: 1, Status: 429, RetryAfter: "Fri, 02 Jan 1998 03:04:14 GMT"}, slept: []time.Duration{250 * ms}},
		{name: "429 with rubbish", fault: registrytest.Fault{Times: 1, Status: 429, RetryAfter: "-5 soon"}, slept: []time.Duration{250 * ms}},
		{name: "503 with seconds", fault: registrytest.Fault{Times: 1, Status: 503, RetryAfter: "3"}, slept: []time.Duration{3 * time.Second}},
		{name: "Retry-After beyond patience", fault: registrytest.Fault{Status: 429, RetryAfter: "31"}, want: registry.ErrRateLimited},
		{name: "Retry-After beyond all numbers", fault: registrytest.Fault{Status: 429, RetryAfter: "18446744073709551615"}, want: registry.ErrRateLimited},
		{name: "a body that breaks off", fault: registrytest.Fault{Times: 1, CutAfter: 10}, slept: []time.Duration{250 * ms}},
		{name: "404 isn't tried again", fault: registrytest.Fault{Status: 404}, want: registry.ErrNotFound},
		{name: "400 isn't tried again", fault: registrytest.Fault{Status: 400}, want: registry.ErrBadAnswer},
		{name: "501 isn't tried again", fault: registrytest.Fault{Status: 501}, want: registry.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, registrytest.Options{})
			if err := server.PushTags("app", "1.0.0"); err != nil {
				t.Fatal(err)
			}
			tt.fault.Kinds = onTags
			server.AddFault(tt.fault)
			client, clock := newClient(t, server.Host(), nil)
			got, err := client.Tags(t.Context(), server.Host()+"/app")
			wantKind(t, err, tt.want)
			if tt.want == nil && (err != nil || len(got) != 1) {
				t.Errorf("Tags = %v, %v", got, err)
			}
			if diff := cmp.Diff(tt.slept, clock.Slept()); diff != "" {
				t.Errorf("slept (-want +got):\n%s", diff)
			}
			if got, want := server.Requests()[registrytest.KindTags], 1+len(tt.slept); got != want {
				t.Errorf("%d requests, want %d", got, want)
			}
		})
	}
}

func TestRetryOnConnectionsCut(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1.0.0"); err != nil {
		t.Fatal(err)
	}
	server.SetOnline(false)
	client, clock := newClient(t, server.Host(), nil)
	wantKind(t, tags(client, server.Host()+"/app")(t.Context()), registry.ErrUnavailable)
	if n := len(clock.Slept()); n != 3 {
		t.Errorf("tried again %d times, want 3", n)
	}
	server.SetOnline(true)
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
		t.Errorf("once it is back: %v", err)
	}
}

func TestJitterSpreadsBackoff(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	server.AddFault(registrytest.Fault{Status: 500})
	client, clock := newClient(t, server.Host(), func(c *registry.Config) {
		c.Jitter, c.Retries = func() float64 { return 0.5 }, 7
	})
	wantKind(t, tags(client, server.Host()+"/app")(t.Context()), registry.ErrUnavailable)
	ms := time.Millisecond
	want := []time.Duration{375 * ms, 750 * ms, 1500 * ms, 3000 * ms, 6000 * ms, 7500 * ms, 7500 * ms}
	if diff := cmp.Diff(want, clock.Slept()); diff != "" {
		t.Errorf("slept (-want +got):\n%s", diff)
	}
}

// A host that asked for a long pause gets it: nothing is sent until it is over.
func TestLongRetryAfterHoldsTheHost(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	for _, repository := range []string{"a", "b"} {
		if err := server.PushTags(repository, "1"); err != nil {
			t.Fatal(err)
		}
	}
	server.AddFault(registrytest.Fault{Times: 1, Status: 429, RetryAfter: "600"})
	client, clock := newClient(t, server.Host(), nil)
	for _, repository := range []string{"a", "b", "a"} {
		err := tags(client, server.Host()+"/"+repository)(t.Context())
		wantKind(t, err, registry.ErrRateLimited)
		var typed *registry.Error
		if errors.As(err, &typed); typed.RetryAfter != 10*time.Minute || typed.Status != 429 {
			t.Errorf("RetryAfter %s, Status %d", typed.RetryAfter, typed.Status)
		}
	}
	if got := server.Requests()[registrytest.KindPing]; got != 1 {
		t.Errorf("%d requests in the pause, want only the one that began it", got)
	}
	clock.Advance(10 * time.Minute)
	if err := tags(client, server.Host()+"/b")(t.Context()); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

// A host that asked to be left alone doesn't hold up the others.
func TestHoldIsForOneHost(t *testing.T) {
	tired, sound := registrytest.New(t, registrytest.Options{}), registrytest.New(t, registrytest.Options{})
	for _, server := range []*registrytest.Server{tired, sound} {
		if err := server.PushTags("app", "1"); err != nil {
			t.Fatal(err)
		}
	}
	tired.AddFault(registrytest.Fault{Status: 429, RetryAfter: "600"})
	client, clock := newClient(t, tired.Host(), nil)
	wantKind(t, tags(client, tired.Host()+"/app")(t.Context()), registry.ErrRateLimited)
	if err := tags(client, sound.Host()+"/app")(t.Context()); err != nil || len(clock.Slept()) > 0 {
		t.Errorf("the other host: %v after sleeping %v", err, clock.Slept())
	}
}

// Those who come during a short pause wait it out together.
func TestShortHoldIsWaitedOutByAll(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	for _, repository := range []string{"a", "b"} {
		if err := server.PushTags(repository, "1"); err != nil {
			t.Fatal(err)
		}
	}
	server.AddFault(registrytest.Fault{Times: 1, Status: 429, RetryAfter: "20"})
	client, clock := newClient(t, server.Host(), func(c *registry.Config) { c.Retries = -1 })
	wantKind(t, tags(client, server.Host()+"/a")(t.Context()), registry.ErrRateLimited)
	if err := tags(client, server.Host()+"/b")(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]time.Duration{20 * time.Second}, clock.Slept()); diff != "" {
		t.Errorf("slept (-want +got):\n%s", diff)
	}
}

// An absurd Retry-After must not turn a host off for ever.
func TestHoldIsBounded(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	server.AddFault(registrytest.Fault{Times: 1, Status: 503, RetryAfter: "99999999999"})
	client, clock := newClient(t, server.Host(), nil)
	wantKind(t, tags(client, server.Host()+"/app")(t.Context()), registry.ErrUnavailable)
	clock.Advance(15 * time.Minute)
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBudgetIsSharedByRepositories(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	for _, repository := range []string{"a", "b", "c"} {
		if err := server.PushTags(repository, "1"); err != nil {
			t.Fatal(err)
		}
	}
	client, clock := newClient(t, server.Host(), func(c *registry.Config) {
		c.Hosts = map[string]registry.HostConfig{server.Host(): {PlainHTTP: true, QPS: 2, Burst: 2}}
	})
	for _, repository := range []string{"a", "b", "c"} { // a list each, and one ping
		if err := tags(client, server.Host()+"/"+repository)(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var total time.Duration
	for _, d := range clock.Slept() {
		total += d
	}
	if want := time.Second; total != want { // 4 requests, 2 at once, then one each half second
		t.Errorf("waited %s in all, want %s", total, want)
	}
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	const repositories, bound = 12, 3
	var inFlight, most atomic.Int32
	full := make(chan struct{})
	var once sync.Once
	transport := handler(func(r *http.Request) *http.Response {
		if r.URL.Path == "/v2/" { // once for all, so alone
			return answer(http.StatusOK, "{}")
		}
		n := inFlight.Add(1)
		defer inFlight.Add(-1)
		for old := most.Load(); n > old; old = most.Load() {
			if most.CompareAndSwap(old, n) {
				break
			}
		}
		if n == bound {
			once.Do(func() { close(full) })
		}
		<-full // so that the bound is reached for certain
		return answer(http.StatusOK, `{"tags":["1"]}`)
	})
	client, _ := newClient(t, "reg.test", func(c *registry.Config) {
		c.Transport = transport
		c.Hosts = map[string]registry.HostConfig{"reg.test": {QPS: 1e6, MaxConns: bound}}
	})
	var wg sync.WaitGroup
	for i := range repositories {
		wg.Go(func() {
			if err := tags(client, fmt.Sprintf("reg.test/app%d", i))(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := most.Load(); got != bound {
		t.Errorf("%d requests in flight at most, want %d", got, bound)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	server.AddFault(registrytest.Fault{Status: 500})
	ctx, cancel := context.WithCancel(t.Context())
	client, _ := newClient(t, server.Host(), func(c *registry.Config) {
		c.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	if err := tags(client, server.Host()+"/app")(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if got := server.Requests()[registrytest.KindPing]; got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
}
