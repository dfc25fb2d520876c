package registry_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

const manyRepositories = 1000

// listAll lists so many repositories, some at a time, and reports errors.
func listAll(tb testing.TB, atATime int, list func(repository string) error) {
	tb.Helper()
	names := make(chan string)
	var wg sync.WaitGroup
	for range atATime {
		wg.Go(func() {
			for name := range names {
				if err := list(name); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	for i := range manyRepositories {
		names <- fmt.Sprintf("team/app%d", i)
	}
	close(names)
	wg.Wait()
}

// A host is asked for its challenge once, and for a token once a repository; a
// second round costs one request a repository.
func TestRequestsOfManyRepositories(t *testing.T) {
	tests := []struct {
		name          string
		server        registrytest.Options
		first, second map[registrytest.Kind]int
	}{
		{name: "anonymous", first: map[registrytest.Kind]int{registrytest.KindPing: 1, registrytest.KindTags: manyRepositories},
			second: map[registrytest.Kind]int{registrytest.KindTags: manyRepositories}},
		{name: "basic", server: registrytest.Options{Username: "user", Password: "s3cret"},
			first:  map[registrytest.Kind]int{registrytest.KindPing: 1, registrytest.KindTags: manyRepositories},
			second: map[registrytest.Kind]int{registrytest.KindTags: manyRepositories}},
		{name: "token", server: registrytest.Options{Username: "user", Password: "s3cret", Token: true},
			first:  map[registrytest.Kind]int{registrytest.KindPing: 1, registrytest.KindToken: manyRepositories, registrytest.KindTags: manyRepositories},
			second: map[registrytest.Kind]int{registrytest.KindTags: manyRepositories}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, tt.server)
			server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindTags}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"tags":["1"]}`))
			})})
			client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
			for i, want := range []map[registrytest.Kind]int{tt.first, tt.second} {
				server.ResetRequests()
				listAll(t, 40, func(name string) error { return tags(client, server.Host()+"/"+name)(t.Context()) })
				if diff := cmp.Diff(want, server.Requests()); diff != "" {
					t.Errorf("round %d (-want +got):\n%s", i+1, diff)
				}
			}
		})
	}
}

func TestFailedPingIsNotRemembered(t *testing.T) {
	for _, status := range []int{404, 429, 500, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			server := registrytest.New(t, registrytest.Options{})
			push(t, server, "app", "1")
			server.AddFault(registrytest.Fault{Times: 1, Kinds: []registrytest.Kind{registrytest.KindPing}, Status: status})
			client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Retries = -1 })
			if err := tags(client, server.Host()+"/app")(t.Context()); err == nil {
				t.Error("no error from a failed ping")
			}
			if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
				t.Errorf("with a sound one: %v", err)
			}
		})
	}
}

// A registry that was open may ask for a login, and one that asked may open.
func TestChangedChallenge(t *testing.T) {
	open := registrytest.Options{}
	basic := registrytest.Options{Username: "user", Password: "s3cret"}
	token := registrytest.Options{Username: "user", Password: "s3cret", Token: true}
	tests := []struct {
		name   string
		before registrytest.Options
		after  registrytest.Options
	}{
		{name: "open to token", before: open, after: token},
		{name: "basic to token", before: basic, after: token},
		{name: "token to basic", before: token, after: basic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			servers := []*registrytest.Server{registrytest.NewServer(tt.before), registrytest.NewServer(tt.after)}
			for _, s := range servers {
				push(t, s, "a", "1")
				push(t, s, "b", "1")
			}
			front := registrytest.New(t, registrytest.Options{})
			front.AddFault(registrytest.Fault{Times: 3, Handler: servers[0]})
			client, clock := newClient(t, front.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
			if err := tags(client, front.Host()+"/a")(t.Context()); err != nil {
				t.Fatal(err)
			}
			front.ClearFaults()
			front.AddFault(registrytest.Fault{Handler: servers[1]})
			clock.Advance(2 * time.Minute)
			if err := tags(client, front.Host()+"/b")(t.Context()); err != nil {
				t.Errorf("a repository that wasn't asked for before: %v", err)
			}
			_ = tags(client, front.Host()+"/a")(t.Context()) // may find out by being refused
			if err := tags(client, front.Host()+"/a")(t.Context()); err != nil {
				t.Errorf("one that was: %v", err)
			}
		})
	}
}

// A registry that refuses everybody isn't asked each time how it wants them.
func TestRefusalsDoNotMultiplyPings(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "other"})
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Keychain = secretKeys() })
	for i := range 10 {
		wantKind(t, tags(client, fmt.Sprintf("%s/app%d", server.Host(), i))(t.Context()), registry.ErrUnauthorized)
	}
	if got := server.Requests(); got[registrytest.KindPing] != 1 || got[registrytest.KindTags] != 10 {
		t.Errorf("requests %v, want one ping and ten listings", got)
	}
}

// Tokens live for 300 s here. Half a minute before their end they are renewed
// unasked, which saves being refused.
func TestTokenIsRenewedBeforeItExpires(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{Token: true})
	push(t, server, "app", "1")
	client, clock := newClient(t, server.Host(), nil)
	for _, want := range []int{1, 1, 2} {
		if err := tags(client, server.Host()+"/app")(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := server.Requests()[registrytest.KindToken]; got != want {
			t.Errorf("%d tokens were asked for, want %d", got, want)
		}
		clock.Advance(140 * time.Second)
	}
	if got := server.Requests()[registrytest.KindTags]; got != 3 {
		t.Errorf("%d listings, want 3, none refused", got)
	}
}

// A loopback registry that isn't declared is tried by HTTPS first, but not again
// once it has answered by HTTP.
func TestSchemeIsFoundOnce(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{})
	asked := newWatch(nil)
	client, _ := newClient(t, "", func(c *registry.Config) { c.Hosts, c.Transport = nil, asked })
	for _, repository := range []string{"a", "b"} {
		push(t, server, repository, "1")
		if err := tags(client, server.Host()+"/"+repository)(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	host := server.Host()
	want := []string{
		"https://" + host + "/v2/", "http://" + host + "/v2/",
		"http://" + host + "/v2/a/tags/list?n=1000", "http://" + host + "/v2/b/tags/list?n=1000",
	}
	if diff := cmp.Diff(want, urls(asked)); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
