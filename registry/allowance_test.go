package registry_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// withHeaders answers soundly, with headers of the test's beside its own.
func withHeaders(reg *registrytest.Server, headers map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			for key, value := range headers {
				w.Header().Set(key, value)
			}
		}
		reg.ServeHTTP(w, r)
	}
}

// When a registry says that it takes no more requests, none is sent until it
// does; a short while is waited out, and a long one is an error that says so.
func TestAllowances(t *testing.T) {
	epoch := newFakeTime().Now().Unix()
	minutes := 5 * time.Minute
	tests := []struct {
		name    string
		headers map[string]string
		tags    time.Duration // how long no list is asked for
		pulls   time.Duration // how long no manifest is
	}{
		{name: "none"},
		{name: "separate", headers: map[string]string{"RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": "300"}, tags: minutes, pulls: minutes},
		{name: "separate, some left", headers: map[string]string{"RateLimit-Remaining": "1", "RateLimit-Reset": "300"}},
		{name: "separate, no reset", headers: map[string]string{"RateLimit-Remaining": "0"}},
		{name: "GitLab's epoch", headers: map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": strconv.FormatInt(epoch+300, 10)}, tags: minutes, pulls: minutes},
		{name: "GitHub's epoch", headers: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(epoch+300, 10)}, tags: minutes, pulls: minutes},
		{name: "epoch in milliseconds", headers: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(1000*(epoch+300), 10)}, tags: minutes, pulls: minutes},
		{name: "epoch in the past", headers: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1500000000"}},
		{name: "X- in seconds", headers: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "300"}, tags: minutes, pulls: minutes},
		{name: "draft 7", headers: map[string]string{"RateLimit": "limit=100, remaining=0, reset=300"}, tags: minutes, pulls: minutes},
		{name: "draft 8", headers: map[string]string{"RateLimit": `"default";r=0;t=300`, "RateLimit-Policy": `"default";q=100;w=600`}, tags: minutes, pulls: minutes},
		{name: "draft 8, of several", headers: map[string]string{"RateLimit": `"burst";r=9;t=1, "daily";r=0;t=300, "hourly";r=0;t=60`}, tags: minutes, pulls: minutes},
		{name: "draft 8, some left", headers: map[string]string{"RateLimit": `"default";r=50;t=30`}},
		{name: "Docker Hub's", headers: map[string]string{"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}, pulls: 216 * time.Second},
		{name: "Docker Hub's, some left", headers: map[string]string{"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "98;w=21600"}},
		{name: "absurd", headers: map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "999999999"}, tags: 15 * time.Minute, pulls: 15 * time.Minute},
		{name: "rubbish", headers: map[string]string{"RateLimit": `;;;=,"x";r=y`, "RateLimit-Remaining": "none", "X-RateLimit-Remaining": "-", "X-RateLimit-Reset": "soon"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reg := registrytest.NewServer(registrytest.Options{})
			digest, err := reg.Push("app", "1", time.Unix(0, 0), nil)
			if err != nil {
				t.Fatal(err)
			}
			front := registrytest.New(t, registrytest.Options{})
			front.AddFault(registrytest.Fault{Handler: withHeaders(reg, tt.headers)})
			client, clock := newClient(t, front.Host(), nil)
			if err := tags(client, front.Host()+"/app")(t.Context()); err != nil {
				t.Fatal(err)
			}
			front.ClearFaults()
			front.AddFault(registrytest.Fault{Handler: reg})
			pull := func(ctx context.Context) error {
				_, err := client.Manifest(ctx, front.Host()+"/app", digest)
				return err
			}
			wantHeld(t, "listing", tags(client, front.Host()+"/app")(t.Context()), tt.tags)
			wantHeld(t, "HEAD", func() error { _, err := client.Digest(t.Context(), front.Host()+"/app", "1"); return err }(), tt.tags)
			wantHeld(t, "pulling", pull(t.Context()), tt.pulls)
			clock.Advance(max(tt.tags, tt.pulls))
			if err := errors.Join(pull(t.Context()), tags(client, front.Host()+"/app")(t.Context())); err != nil {
				t.Errorf("after the reset: %v", err)
			}
			if n := len(clock.Slept()); n > 0 {
				t.Errorf("slept %d times", n)
			}
		})
	}
}

func wantHeld(t *testing.T, what string, err error, want time.Duration) {
	t.Helper()
	var typed *registry.Error
	switch errors.As(err, &typed); {
	case want == 0 && err != nil:
		t.Errorf("%s: %v", what, err)
	case want > 0 && (!errors.Is(err, registry.ErrRateLimited) || typed.RetryAfter != want || typed.Status != 0):
		t.Errorf("%s: got %v, want an error that asks for %s", what, err, want)
	}
}

// A reset that is near is waited for.
func TestShortAllowanceIsWaitedFor(t *testing.T) {
	reg := registrytest.NewServer(registrytest.Options{})
	push(t, reg, "app", "1")
	front := registrytest.New(t, registrytest.Options{})
	front.AddFault(registrytest.Fault{Handler: withHeaders(reg, map[string]string{"RateLimit": `"default";r=0;t=7`})})
	client, clock := newClient(t, front.Host(), nil)
	for range 3 {
		if err := tags(client, front.Host()+"/app")(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if slept := clock.Slept(); len(slept) != 2 || slept[0] != 7*time.Second || slept[1] != 7*time.Second {
		t.Errorf("slept %v, want 7 s twice", slept)
	}
	want := registry.HostStatus{Host: front.Host(), State: registry.HostHeld, HeldUntil: clock.Now().Add(7 * time.Second), Requests: 4}
	if got := client.Hosts(); len(got) != 1 || got[0] != want {
		t.Errorf("hosts %+v, want %+v", got, want)
	}
}
