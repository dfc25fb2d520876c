package pullsecret_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/internal/pullsecret"
)

// cluster answers GETs of objects as an API server does, and counts them. The real
// one is asked in e2e/pullsecret.
type cluster struct {
	mu      sync.Mutex
	objects map[string]any // by path below /api/v1/namespaces/
	gets    int
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gets++
	w.Header().Set("Content-Type", "application/json")
	object, found := c.objects[strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/")]
	if !found {
		w.WriteHeader(http.StatusNotFound)
		object = map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "not found"}
	}
	_ = json.NewEncoder(w).Encode(object) // the client has gone, if this fails
}

func (c *cluster) set(path string, object any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.objects[path] = object
}

func (c *cluster) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gets
}

func secret(kind, key, value string) map[string]any {
	return map[string]any{"kind": "Secret", "apiVersion": "v1", "type": kind, "data": map[string][]byte{key: []byte(value)}}
}

func pullSecret(host, user string) map[string]any {
	return secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", `{"auths": {"`+host+`": {"username": "`+user+`", "password": "hunter2"}}}`)
}

func account(secrets ...string) map[string]any {
	refs := []map[string]string{}
	for _, name := range secrets {
		refs = append(refs, map[string]string{"name": name})
	}
	return map[string]any{"kind": "ServiceAccount", "apiVersion": "v1", "imagePullSecrets": refs}
}

// start gives a reader of a cluster that holds the objects, and its clock.
func start(t *testing.T, objects map[string]any) (*pullsecret.Reader, *cluster, *time.Time) {
	t.Helper()
	c := &cluster{objects: objects}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r, err := pullsecret.New(pullsecret.Config{REST: &rest.Config{Host: server.URL}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return r, c, &now
}

func repository(t *testing.T, text string) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(text)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func TestFind(t *testing.T) {
	r, _, _ := start(t, map[string]any{
		"shop/secrets/ghcr":            pullSecret("ghcr.io", "json"),
		"shop/secrets/old":             secret("kubernetes.io/dockercfg", ".dockercfg", `{"quay.io": {"username": "cfg", "password": "hunter2"}}`),
		"shop/secrets/opaque":          secret("Opaque", ".dockerconfigjson", `{"auths": {}}`),
		"shop/secrets/broken":          secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "hunter2"),
		"shop/serviceaccounts/default": account("missing", "broken", "ghcr", "old"),
		"shop/serviceaccounts/bare":    account(),
	})
	tests := []struct {
		name              string
		account           bool
		object, host      string
		want, fails, also string
	}{
		{name: "dockerconfigjson", object: "ghcr", host: "ghcr.io", want: "json"},
		{name: "dockercfg", object: "old", host: "quay.io", want: "cfg"},
		{name: "another host", object: "ghcr", host: "quay.io", fails: "the Secret shop/ghcr has no credentials for quay.io"},
		{name: "another type", object: "opaque", host: "ghcr.io", fails: `the Secret shop/opaque: its type is "Opaque"`},
		{name: "not JSON", object: "broken", host: "ghcr.io", fails: "the Secret shop/broken: reading credentials: not JSON at byte 1"},
		{name: "missing", object: "missing", host: "ghcr.io", fails: "reading the Secret shop/missing: not found"},
		{name: "an account's", account: true, object: "default", host: "ghcr.io", want: "json"},
		{name: "an account's later one", account: true, object: "default", host: "quay.io", want: "cfg"},
		{name: "none of an account's", account: true, object: "default", host: "docker.io",
			fails: "no imagePullSecret of the ServiceAccount shop/default has credentials for index.docker.io", also: "reading the Secret shop/missing"},
		{name: "an account without", account: true, object: "bare", host: "ghcr.io", fails: "no imagePullSecret of the ServiceAccount shop/bare"},
		{name: "an account that is missing", account: true, object: "gone", host: "ghcr.io", fails: "reading the ServiceAccount shop/gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := r.Secret("shop", tt.object)
			if tt.account {
				s = r.ServiceAccount("shop", tt.object)
			}
			got, err := s.Find(t.Context(), repository(t, tt.host+"/acme/app"), false)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) || !strings.Contains(err.Error(), tt.also) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error is %v, want %q in it", err, tt.fails)
				}
				return
			}
			if diff := cmp.Diff(authn.AuthConfig{Username: tt.want, Password: "hunter2"}, got); diff != "" || err != nil {
				t.Errorf("Find: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// A Secret is read once for all repositories, and again when it is old or refused.
func TestSecretsAreKept(t *testing.T) {
	r, c, now := start(t, map[string]any{"shop/secrets/ghcr": pullSecret("ghcr.io", "old")})
	s := r.Secret("shop", "ghcr")
	find := func(repo string, fresh bool) string {
		t.Helper()
		found, err := s.Find(t.Context(), repository(t, repo), fresh)
		if err != nil {
			t.Fatal(err)
		}
		return found.Username
	}
	steps := []struct {
		name  string
		pass  time.Duration
		fresh bool
		want  string
		gets  int
	}{
		{"first", 0, false, "old", 1},
		{"changed, not yet seen", time.Minute, false, "old", 1},
		{"refused", time.Second, true, "new", 2},
		{"refused again at once", time.Second, true, "new", 2},
		{"later", 4 * time.Minute, false, "new", 2},
		{"too old", 2 * time.Minute, false, "new", 3},
	}
	for i, step := range steps {
		*now = now.Add(step.pass)
		if i == 1 {
			c.set("shop/secrets/ghcr", pullSecret("ghcr.io", "new"))
		}
		for _, repo := range []string{"ghcr.io/acme/app", "ghcr.io/acme/web"} {
			if got := find(repo, step.fresh); got != step.want {
				t.Errorf("%s: %s signs in as %s, want %s", step.name, repo, got, step.want)
			}
		}
		if got := c.count(); got != step.gets {
			t.Errorf("%s: %d requests so far, want %d", step.name, got, step.gets)
		}
	}
}

func TestRead(t *testing.T) {
	r, c, _ := start(t, map[string]any{"shop/secrets/cosign": secret("Opaque", "cosign.pub", "-----BEGIN PUBLIC KEY-----")})
	got, err := r.Read(t.Context(), "shop", "cosign", "cosign.pub")
	if err != nil || string(got) != "-----BEGIN PUBLIC KEY-----" {
		t.Errorf("Read gives %q, %v", got, err)
	}
	if _, err := r.Read(t.Context(), "shop", "cosign", "other"); err == nil || err.Error() != `the Secret shop/cosign has no key "other"` {
		t.Errorf("another key gives %v", err)
	}
	if _, err := r.Read(t.Context(), "shop", "gone", "cosign.pub"); err == nil || !strings.Contains(err.Error(), "shop/gone") {
		t.Errorf("another Secret gives %v", err)
	}
	if c.count() != 3 {
		t.Errorf("%d requests, want 3", c.count())
	}
}

func TestNewNeedsCluster(t *testing.T) {
	if _, err := pullsecret.New(pullsecret.Config{}); err == nil {
		t.Error("no cluster is enough")
	}
}
