package registry_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestPrivateAuthority(t *testing.T) {
	reg := registrytest.NewServer(registrytest.Options{})
	if err := reg.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	net := newInternet(t)
	net.add(t, "reg.test", public, reg)
	if err := tags(net.client(t, nil), "reg.test/app")(t.Context()); err != nil {
		t.Errorf("with the CA: %v", err)
	}
	strange := newAuthority(t)
	client := net.client(t, func(h *registry.HostConfig) { h.TLS.RootCAs = strange.pool })
	wantKind(t, tags(client, "reg.test/app")(t.Context()), registry.ErrUnavailable)
}

// A client certificate is a credential: the registry sees it, and nobody else.
func TestClientCertificate(t *testing.T) {
	net := newInternet(t)
	var mu sync.Mutex
	shown := map[string]bool{}
	noting := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			shown[r.Host] = len(r.TLS.PeerCertificates) > 0
			mu.Unlock()
			next.ServeHTTP(w, r)
		})
	}
	net.add(t, "reg.test", public, noting(redirecting("https://store.test/x")))
	net.add(t, "store.test", otherPublic, noting(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(blobText)) })))
	client := net.client(t, func(h *registry.HostConfig) { h.TLS.Certificates = []tls.Certificate{net.ca.issue(t, "bot")} })
	if _, err := client.Blob(t.Context(), "reg.test/app", blobDigest(), 100); err != nil {
		t.Fatal(err)
	}
	if !shown["reg.test"] || shown["store.test"] || len(shown) != 2 {
		t.Errorf("the client certificate was shown to %v", shown)
	}
}

func TestProxy(t *testing.T) {
	proxy := registrytest.New(t, registrytest.Options{}) // answers for whatever host is asked for through it
	if err := proxy.PushTags("app", "1"); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no proxy today")
	tests := []struct {
		name  string
		proxy func(*http.Request) (*url.URL, error)
		want  error
	}{
		{name: "through a proxy", proxy: func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL()) }},
		{name: "that can't be chosen", proxy: func(*http.Request) (*url.URL, error) { return nil, broken }, want: registry.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := newClient(t, "", func(c *registry.Config) {
				c.Retries = -1
				c.Hosts = map[string]registry.HostConfig{"plain.test": {PlainHTTP: true, Proxy: tt.proxy}}
			})
			err := tags(client, "plain.test/app")(t.Context())
			wantKind(t, err, tt.want)
			if tt.want != nil && !errors.Is(err, broken) {
				t.Errorf("%v doesn't hold the cause", err)
			}
		})
	}
}

// A proxy inside the network is how the outside is reached, stores included; it
// doesn't make the registry one of the inside.
func TestInternalProxyIsNoRegistry(t *testing.T) {
	net := newInternet(t)
	net.add(t, "reg.test", public, redirecting("https://10.0.0.1/x"))
	client := net.client(t, nil)
	_, err := client.Blob(t.Context(), "reg.test/app", blobDigest(), 100)
	wantKind(t, err, registry.ErrBadAnswer)
}

func TestTokenServerAtAnInternalAddress(t *testing.T) {
	for looks, want := range map[string]error{private: registry.ErrBadAnswer, otherPublic: nil} {
		net := newInternet(t)
		var asked []string
		net.add(t, "token.test", looks, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.Path)
			_, _ = w.Write([]byte(`{"token":"t"}`))
		}))
		net.add(t, "reg.test", public, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer t" {
				_, _ = w.Write([]byte(`{"tags":["1"]}`))
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://token.test/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}))
		err := tags(net.client(t, nil), "reg.test/app")(t.Context())
		wantKind(t, err, want)
		if (want == nil) != (len(asked) == 1) || want == nil && err != nil {
			t.Errorf("a token server at %s was asked %q; %v", looks, asked, err)
		}
	}
}

// The default transport looks at addresses too: a name that is looked up counts
// by what it leads to.
func TestDefaultTransportLooksAtAddresses(t *testing.T) {
	proxied := registrytest.New(t, registrytest.Options{})
	proxied.AddFault(registrytest.Fault{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+strings.Replace(proxied.Host(), "127.0.0.1", "LocalHost", 1)+`/token",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})})
	client, _ := newClient(t, "", func(c *registry.Config) {
		c.Retries = -1
		c.Hosts = map[string]registry.HostConfig{"plain.test": {PlainHTTP: true, Proxy: func(r *http.Request) (*url.URL, error) {
			if r.URL.Host != "plain.test" {
				return nil, nil //nolint:nilnil // which is how a proxy function says that there is none
			}
			return url.Parse(proxied.URL())
		}}}
	})
	err := tags(client, "plain.test/app")(t.Context())
	wantKind(t, err, registry.ErrBadAnswer)
	if n := proxied.Requests()[registrytest.KindToken]; n > 0 || err == nil || !strings.Contains(err.Error(), "internal address") {
		t.Errorf("%d requests for a token; %v", n, err)
	}
}

func TestTLSAndProxyNeedATransportThatHasThem(t *testing.T) {
	noProxy := func(*http.Request) (*url.URL, error) { return nil, errors.New("unused") }
	for i, h := range []registry.HostConfig{{TLS: &tls.Config{MinVersion: tls.VersionTLS12}}, {Proxy: noProxy}} {
		for _, transport := range []http.RoundTripper{nil, &http.Transport{}, newWatch(nil)} {
			_, err := registry.New(registry.Config{Transport: transport, Hosts: map[string]registry.HostConfig{"reg.test": h}})
			_, opaque := transport.(*watch)
			if errors.Is(err, registry.ErrInvalid) != opaque {
				t.Errorf("%s: error %v", fmt.Sprintf("%d with %T", i, transport), err)
			}
		}
	}
}
