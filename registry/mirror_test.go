package registry_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// hostKeys is a keychain in which each host's password is its name.
type hostKeys struct{}

func (hostKeys) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig{Username: "user", Password: target.RegistryStr()}), nil
}

// passwords notes the password of each request.
type passwords struct {
	mu   sync.Mutex
	seen map[string][]string // by host
}

func (p *passwords) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, ok := r.BasicAuth(); ok {
			p.mu.Lock()
			p.seen[r.Host] = append(p.seen[r.Host], password)
			p.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

func mirrorClient(t *testing.T, net *internet) *registry.Client {
	t.Helper()
	private := &tls.Config{RootCAs: net.ca.pool, MinVersion: tls.VersionTLS12}
	client, _ := newClient(t, "", func(c *registry.Config) {
		c.Keychain, c.Transport, c.Retries = hostKeys{}, net.transport(), -1
		c.Hosts = map[string]registry.HostConfig{
			"origin.test": {TLS: private, Mirrors: []registry.Mirror{{Host: "mirror.test", Prefix: "/dockerhub/"}}},
			"mirror.test": {TLS: private},
		}
	})
	return client
}

func TestMirrors(t *testing.T) {
	has := func(repository, tag string) func(*registrytest.Server) {
		return func(s *registrytest.Server) { push(t, s, repository, tag) }
	}
	tests := []struct {
		name    string
		mirror  func(*registrytest.Server)
		origin  func(*registrytest.Server)
		want    []string
		err     error
		message []string
		origins int // requests for tags there
	}{
		{name: "the mirror answers", mirror: has("dockerhub/app", "m"), want: []string{"m"}},
		{name: "the mirror doesn't know it", origin: has("app", "o"), want: []string{"o"}, origins: 1},
		{name: "the mirror is broken", mirror: faulty(500), origin: has("app", "o"), want: []string{"o"}, origins: 1},
		{name: "the mirror is gone", mirror: func(s *registrytest.Server) { s.SetOnline(false) }, origin: has("app", "o"), want: []string{"o"}, origins: 1},
		{name: "the mirror refuses", mirror: faulty(403), origin: has("app", "o"), want: []string{"o"}, origins: 1},
		{name: "the mirror has had enough", mirror: faulty(429), origin: has("app", "o"), want: []string{"o"}, origins: 1},
		{name: "neither has it", mirror: faulty(500), err: registry.ErrNotFound, origins: 1, message: []string{"mirror.test: 500 Internal Server Error", "origin.test: 404 Not Found"}},
		{name: "neither answers", mirror: faulty(404), origin: faulty(503), err: registry.ErrUnavailable, message: []string{"mirror.test: 404 Not Found", "origin.test: 503 Service Unavailable"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			net := newInternet(t)
			given := passwords{seen: map[string][]string{}}
			servers := map[string]*registrytest.Server{}
			for host, prepare := range map[string]func(*registrytest.Server){"mirror.test": tt.mirror, "origin.test": tt.origin} {
				servers[host] = registrytest.NewServer(registrytest.Options{Username: "user", Password: host})
				if prepare != nil {
					prepare(servers[host])
				}
				net.add(t, host, public, given.note(servers[host]))
			}
			client := mirrorClient(t, net)
			got, err := client.Tags(t.Context(), "origin.test/app")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			wantKind(t, err, tt.err)
			for _, part := range tt.message {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("message %q lacks %q", err, part)
				}
			}
			if n := servers["origin.test"].Requests()[registrytest.KindTags]; n != tt.origins {
				t.Errorf("the origin was asked %d times, want %d", n, tt.origins)
			}
			for host, all := range given.seen {
				for _, password := range all {
					if password != host {
						t.Errorf("%s was given the password of %s", host, password)
					}
				}
			}
		})
	}
}

func TestMirrorOfDockerHub(t *testing.T) {
	asked := newWatch(handler(func(r *http.Request) *http.Response {
		if r.URL.Host == "mirror.test" && r.URL.Path != "/v2/" {
			return answer(http.StatusNotFound, "{}")
		}
		return answer(http.StatusOK, `{"tags":["1"]}`)
	}))
	client, _ := newClient(t, "", func(c *registry.Config) {
		c.Transport = asked
		c.Hosts = map[string]registry.HostConfig{"docker.io": {Mirrors: []registry.Mirror{{Host: "mirror.test"}}}}
	})
	for range 2 {
		if err := tags(client, "nginx")(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"https://mirror.test/v2/", "https://mirror.test/v2/library/nginx/tags/list?n=1000",
		"https://index.docker.io/v2/", "https://index.docker.io/v2/library/nginx/tags/list?n=1000",
		"https://mirror.test/v2/library/nginx/tags/list?n=1000", "https://index.docker.io/v2/library/nginx/tags/list?n=1000",
	}
	if diff := cmp.Diff(want, urls(asked)); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	var hosts []string
	for _, h := range client.Hosts() {
		hosts = append(hosts, h.Host)
	}
	if diff := cmp.Diff([]string{"docker.io", "mirror.test"}, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

func TestBadMirrors(t *testing.T) {
	for name, m := range map[string]registry.Mirror{
		"no host": {}, "a URL": {Host: "https://mirror.test"}, "a path": {Host: "mirror.test/x"},
		"bad prefix": {Host: "mirror.test", Prefix: "UPPER"}, "itself": {Host: "reg.test"},
	} {
		_, err := registry.New(registry.Config{Hosts: map[string]registry.HostConfig{"reg.test": {Mirrors: []registry.Mirror{m}}}})
		if !errors.Is(err, registry.ErrInvalid) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := registry.New(registry.Config{DefaultHost: registry.HostConfig{Mirrors: []registry.Mirror{{Host: "mirror.test"}}}}); err == nil {
		t.Error("a mirror of every host gave no error")
	}
}
