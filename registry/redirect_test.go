package registry_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

const blobText = "a blob"

func blobDigest() string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(blobText))) }

// redirecting is a registry that keeps its blobs elsewhere.
func redirecting(to string) *registrytest.Server {
	reg := registrytest.NewServer(registrytest.Options{Username: "user", Password: "s3cret", Token: true})
	reg.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindBlob}, Handler: http.RedirectHandler(to, http.StatusTemporaryRedirect)})
	return reg
}

const (
	public, otherPublic = "203.0.113.7", "198.51.100.9"
	private, metadata   = "10.1.2.3", "169.254.169.254"
)

func TestBlobRedirects(t *testing.T) {
	serve := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, blobText) }
	to := func(url string) http.HandlerFunc { return http.RedirectHandler(url, http.StatusFound).ServeHTTP }
	tests := []struct {
		name     string
		registry string // the registry's address
		to       string
		store    string // the store's address
		answer   http.HandlerFunc
		asked    int32 // how often the store is
		want     error
		message  string
	}{
		{name: "to a store", registry: public, to: "https://store.test/x?sig=1", store: otherPublic, answer: serve, asked: 1},
		{name: "inside to inside", registry: private, to: "https://store.test/x", store: private, answer: serve, asked: 1},
		{name: "from outside to inside", registry: public, to: "https://store.test/x", store: private, answer: serve,
			want: registry.ErrBadAnswer, message: `leads to an internal address: "10.1.2.3:443"`},
		{name: "from outside to the metadata service", registry: public, to: "https://store.test/x", store: metadata, answer: serve,
			want: registry.ErrBadAnswer, message: "leads to an internal address"},
		{name: "to an internal address by number", registry: public, to: "https://169.254.169.254/x", store: metadata, answer: serve,
			want: registry.ErrBadAnswer, message: `leads to an internal address: "169.254.169.254"`},
		{name: "to IPv6 loopback", registry: public, to: "https://[::1]/x", store: metadata, answer: serve,
			want: registry.ErrBadAnswer, message: "leads to an internal address"},
		{name: "to loopback written as IPv6", registry: public, to: "https://[::ffff:127.0.0.1]:5000/x", store: metadata, answer: serve,
			want: registry.ErrBadAnswer, message: "leads to an internal address"},
		{name: "to localhost spelled otherwise", registry: public, to: "https://LocalHost./x", store: metadata, answer: serve,
			want: registry.ErrBadAnswer, message: `leads to an internal address: "LocalHost."`},
		{name: "to a cloud's address for protocols", registry: public, to: "https://192.0.0.192/x", store: metadata, answer: serve,
			want: registry.ErrBadAnswer, message: "leads to an internal address"},
		{name: "to this network", registry: public, to: "https://store.test/x", store: "0.1.2.3", answer: serve,
			want: registry.ErrBadAnswer, message: "leads to an internal address"},
		{name: "by NAT64 to the metadata service", registry: public, to: "https://store.test/x", store: "64:ff9b::a9fe:a9fe", answer: serve,
			want: registry.ErrBadAnswer, message: "leads to an internal address"},
		{name: "by a network's own NAT64 to the inside", registry: public, to: "https://[64:ff9b:1::a01:203]/x", store: metadata, answer: serve,
			want: registry.ErrBadAnswer, message: "leads to an internal address"},
		{name: "by NAT64 to the outside", registry: public, to: "https://store.test/x", store: "64:ff9b::c633:6409", answer: serve, asked: 1},
		{name: "to plain HTTP", registry: public, to: "http://store.test/x", store: otherPublic, answer: serve,
			want: registry.ErrBadAnswer, message: `redirects a blob to "http://store.test"`},
		{name: "with a user", registry: public, to: "https://u@store.test/x", store: otherPublic, answer: serve,
			want: registry.ErrBadAnswer, message: `redirects a blob to "https://store.test"`},
		{name: "and back to the registry", registry: public, to: "https://store.test/x", store: otherPublic, asked: 1,
			answer: to("https://reg.test/v2/other/blobs/" + blobDigest()), want: registry.ErrBadAnswer, message: `redirects a blob to "https://reg.test"`},
		{name: "and on to plain HTTP", registry: public, to: "https://store.test/x", store: otherPublic, asked: 1,
			answer: to("http://store.test/y"), want: registry.ErrBadAnswer, message: `redirects a blob to "http://store.test"`},
		{name: "in circles", registry: public, to: "https://store.test/x", store: otherPublic, asked: 5,
			answer: to("https://store.test/x"), want: registry.ErrBadAnswer, message: "redirects in circles"},
		{name: "to a store that wants a login", registry: public, to: "https://store.test/x", store: otherPublic, asked: 1,
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="https://store.test/token",service="x"`)
				w.WriteHeader(http.StatusUnauthorized)
			}, want: registry.ErrUnauthorized},
		{name: "to a store with other bytes", registry: public, to: "https://store.test/x", store: otherPublic, asked: 1,
			answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "b blob") }, want: registry.ErrBadAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			net := newInternet(t)
			net.add(t, "reg.test", tt.registry, redirecting(tt.to))
			var asked atomic.Int32
			net.add(t, "store.test", tt.store, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				for _, key := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Referer"} {
					if value := r.Header.Get(key); value != "" {
						t.Errorf("the store got %s: %s", key, value)
					}
				}
				tt.answer(w, r)
			}))
			client := net.client(t, nil)
			got, err := client.Blob(t.Context(), "reg.test/app", blobDigest(), 100)
			wantKind(t, err, tt.want)
			if tt.want == nil && (err != nil || string(got) != blobText) {
				t.Errorf("Blob = %q, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.message) {
				t.Errorf("message %q lacks %q", err, tt.message)
			}
			if n := asked.Load(); n != tt.asked {
				t.Errorf("the store was asked %d times, want %d", n, tt.asked)
			}
		})
	}
}

// What a store is up to isn't held against the registry, nor is its pause.
func TestStoreInTroubleIsNotTheRegistry(t *testing.T) {
	reg := redirecting("https://store.test/x")
	if err := reg.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	net := newInternet(t)
	net.add(t, "reg.test", public, reg)
	net.add(t, "store.test", otherPublic, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	client := net.client(t, nil)
	for range 12 {
		_, err := client.Blob(t.Context(), "reg.test/app", blobDigest(), 100)
		wantKind(t, err, registry.ErrUnavailable)
	}
	if err := tags(client, "reg.test/app")(t.Context()); err != nil {
		t.Error(err)
	}
	if got := client.Hosts(); len(got) != 1 || got[0].State != registry.HostReady {
		t.Errorf("hosts %+v", got)
	}
}
