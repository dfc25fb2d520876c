package registry_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestRoundAsksOnce(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	want, err := server.Push("app", "1", time.Unix(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), nil)
	round := client.Round()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got, err := round.Tags(t.Context(), server.Host()+"/app")
			if diff := cmp.Diff([]string{"1"}, got); err != nil || diff != "" {
				t.Errorf("Tags: %v (-want +got):\n%s", err, diff)
			}
			if digest, err := round.Digest(t.Context(), server.Host()+"/app", "1"); err != nil || digest != want {
				t.Errorf("Digest = %s, %v", digest, err)
			}
		})
	}
	wg.Wait()
	requests := server.Requests()
	if requests[registrytest.KindTags] != 1 || requests[registrytest.KindManifestHead] != 1 {
		t.Errorf("requests %v, want one listing and one HEAD", requests)
	}
	if _, err := client.Round().Tags(t.Context(), server.Host()+"/app"); err != nil {
		t.Error(err)
	}
	if got := server.Requests()[registrytest.KindTags]; got != 2 {
		t.Errorf("%d listings after a second round, want 2", got)
	}
}

func TestRoundRemembersErrors(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	client, _ := newClient(t, server.Host(), nil)
	round := client.Round()
	for range 3 {
		_, err := round.Tags(t.Context(), server.Host()+"/none")
		wantKind(t, err, registry.ErrNotFound)
		_, err = round.Digest(t.Context(), server.Host()+"/none", "1")
		wantKind(t, err, registry.ErrNotFound)
		_, err = round.Tags(t.Context(), "NOT A NAME")
		wantKind(t, err, registry.ErrInvalid)
		_, err = round.Digest(t.Context(), "NOT A NAME", "1")
		wantKind(t, err, registry.ErrInvalid)
	}
	requests := server.Requests()
	if requests[registrytest.KindTags] != 1 || requests[registrytest.KindManifestHead] != 1 {
		t.Errorf("requests %v, want one listing and one HEAD", requests)
	}
}

func TestRoundKnowsAliases(t *testing.T) {
	asked := newWatch(registryOf(`{"tags":["1"]}`))
	client, _ := newClient(t, "docker.io", func(c *registry.Config) {
		c.Transport, c.Hosts = asked, nil
	})
	round := client.Round()
	for _, alias := range []string{"nginx", "library/nginx", "docker.io/nginx", "docker.io/library/nginx", "index.docker.io/library/nginx"} {
		if _, err := round.Tags(t.Context(), alias); err != nil {
			t.Errorf("%s: %v", alias, err)
		}
	}
	want := []string{"https://index.docker.io/v2/", "https://index.docker.io/v2/library/nginx/tags/list?n=1000"}
	var got []string
	for _, r := range asked.Seen() {
		got = append(got, r.URL)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// Who asked first may go away; those who wait with it still get an answer.
func TestRoundSurvivesItsFirstCaller(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), nil)
	round := client.Round()
	begun := make(chan struct{})
	server.AddFault(registrytest.Fault{Times: 1, Kinds: []registrytest.Kind{registrytest.KindTags}, Wait: func(ctx context.Context) {
		close(begun)
		<-ctx.Done()
	}})
	first, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	go func() { _, err := round.Tags(first, server.Host()+"/app"); errs <- err }()
	<-begun
	go func() { _, err := round.Tags(t.Context(), server.Host()+"/app"); errs <- err }()
	cancel()
	a, b := <-errs, <-errs
	if b != nil {
		a, b = b, a
	}
	if !errors.Is(a, context.Canceled) || b != nil {
		t.Errorf("got %v and %v, want one cancellation and one answer", a, b)
	}
}

func TestRoundWaiterMayLeave(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	if err := server.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, server.Host(), nil)
	round := client.Round()
	begun, release := make(chan struct{}), make(chan struct{})
	server.AddFault(registrytest.Fault{Times: 1, Wait: func(context.Context) { close(begun); <-release }})
	done := make(chan error)
	go func() { _, err := round.Tags(t.Context(), server.Host()+"/app"); done <- err }()
	<-begun
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := round.Tags(gone, server.Host()+"/app")
	var typed *registry.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &typed) {
		t.Errorf("got %v, want a *registry.Error of context.Canceled", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
