package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// A host from which nothing but failures comes is left alone, for longer and
// longer, and each call says so at once.
func TestBrokenHost(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	push(t, server, "app", "1")
	client, clock := newClient(t, server.Host(), func(c *registry.Config) { c.Retries = -1 })
	begun := clock.Now()
	ask := func() error { return tags(client, server.Host()+"/app")(t.Context()) }
	server.AddFault(registrytest.Fault{Status: 502})
	for range 10 {
		wantKind(t, ask(), registry.ErrUnavailable)
	}
	asked := func() int { return server.Requests()[registrytest.KindPing] }
	if asked() != 10 {
		t.Fatalf("%d requests, want 10", asked())
	}
	for i, seconds := range []float64{5, 10, 20, 40, 80, 150, 150} { // by a jitter of 0, half of the whole
		pause := time.Duration(seconds * float64(time.Second))
		err := ask()
		wantKind(t, err, registry.ErrUnavailable)
		var typed *registry.Error
		if !errors.As(err, &typed) || typed.RetryAfter != pause || !typed.Temporary() {
			t.Errorf("pause %d: %v, want one of %s", i, err, pause)
		}
		clock.Advance(pause)
		wantKind(t, ask(), registry.ErrUnavailable) // the one that is let through
		if asked() != 11+i {
			t.Errorf("pause %d: %d requests, want %d", i, asked(), 11+i)
		}
	}
	want := fmt.Sprintf("%s has been failing since 2026-01-02T03:04:05Z and is tried again in 2m30s; last: 502 Bad Gateway", server.Host())
	if err := ask(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("message %q lacks %q", err, want)
	}
	status := []registry.HostStatus{{
		Host: server.Host(), State: registry.HostFailing, Failures: 17, Since: begun, LastError: "502 Bad Gateway",
		NextTry: clock.Now().Add(150 * time.Second), Requests: 17,
	}}
	if diff := cmp.Diff(status, client.Hosts()); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	server.ClearFaults()
	clock.Advance(150 * time.Second)
	if err := errors.Join(ask(), ask()); err != nil {
		t.Errorf("once it is back: %v", err)
	}
	status = []registry.HostStatus{{Host: server.Host(), State: registry.HostReady, Requests: 20}}
	if diff := cmp.Diff(status, client.Hosts()); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

// What counts is that there is nobody who answers.
func TestWhatBreaksAHost(t *testing.T) {
	tests := []struct {
		name  string
		fault registrytest.Fault
		off   bool
		want  registry.HostState
	}{
		{name: "500", fault: registrytest.Fault{Status: 500}, want: registry.HostFailing},
		{name: "no answer", off: true, want: registry.HostFailing},
		{name: "bodies that break off", fault: registrytest.Fault{CutAfter: 1}, want: registry.HostFailing},
		{name: "401", fault: registrytest.Fault{Status: 401}, want: registry.HostReady},
		{name: "404", fault: registrytest.Fault{Status: 404}, want: registry.HostReady},
		{name: "429", fault: registrytest.Fault{Status: 429}, want: registry.HostReady},
		{name: "501", fault: registrytest.Fault{Status: 501}, want: registry.HostReady},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, registrytest.Options{})
			push(t, server, "app", "1")
			if tt.fault.Kinds = []registrytest.Kind{registrytest.KindTags}; !tt.off {
				server.AddFault(tt.fault)
			}
			server.SetOnline(!tt.off)
			client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Retries = -1 })
			for range 12 {
				if err := tags(client, server.Host()+"/app")(t.Context()); err == nil {
					t.Fatal("no error")
				}
			}
			if got := client.Hosts()[0].State; got != tt.want {
				t.Errorf("state %s, want %s", got, tt.want)
			}
		})
	}
}

// One repository that a registry stumbles over doesn't cost the others.
func TestOneBadRepositoryBreaksNothing(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	push(t, server, "bad", "1")
	push(t, server, "good", "1")
	client, _ := newClient(t, server.Host(), nil)
	server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindManifestHead}, Status: 500})
	for range 5 {
		wantKind(t, digest(client, server.Host()+"/bad", "1")(t.Context()), registry.ErrUnavailable)
		if err := tags(client, server.Host()+"/good")(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// While one request tries a broken host, nobody else does; and one whose caller
// goes away says nothing about the host.
func TestOneProbeAtATime(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	push(t, server, "app", "1")
	client, clock := newClient(t, server.Host(), func(c *registry.Config) { c.Retries = -1 })
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil { // the ping, which waiters would share
		t.Fatal(err)
	}
	server.SetOnline(false)
	for range 10 {
		wantKind(t, tags(client, server.Host()+"/app")(t.Context()), registry.ErrUnavailable)
	}
	server.SetOnline(true)
	clock.Advance(time.Minute)
	begun, release := make(chan struct{}), make(chan struct{})
	server.AddFault(registrytest.Fault{Times: 1, Wait: waitFor(begun, release)})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
			t.Errorf("the probe: %v", err)
		}
	})
	<-begun
	err := tags(client, server.Host()+"/app")(t.Context())
	wantKind(t, err, registry.ErrUnavailable)
	if err != nil && !strings.Contains(err.Error(), "is being tried again now") {
		t.Errorf("message %q", err)
	}
	if got := client.Hosts()[0].State; got != registry.HostTrying {
		t.Errorf("state %s, want %s", got, registry.HostTrying)
	}
	close(release)
	wg.Wait()
	if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
		t.Errorf("after the probe: %v", err)
	}
}
