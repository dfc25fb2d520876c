package gitrepo_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/proxytest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
	"github.com/towline-dev/towline/internal/secret"
)

// byProxy is a way through a proxy and what becomes of it.
type byProxy struct {
	proxy *proxytest.Proxy
	url   string // of the proxy, without scheme's host
	want  error
}

func proxies(t *testing.T) map[string]byProxy {
	t.Helper()
	open, closed := proxytest.New(t, "", "", 0), proxytest.New(t, "pat", "s3cret", 0)
	socks, closedSOCKS := proxytest.NewSOCKS(t, "", ""), proxytest.NewSOCKS(t, "pat", "s3cret")
	broken := proxytest.New(t, "", "", http.StatusServiceUnavailable)
	return map[string]byProxy{
		"HTTP":                 {open, "http://" + open.Address, nil},
		"HTTP, password":       {closed, "http://pat:s3cret@" + closed.Address, nil},
		"HTTP, wrong password": {closed, "http://pat:s3cret2@" + closed.Address, gitrepo.ErrAuth},
		"HTTP, no password":    {closed, "http://" + closed.Address, gitrepo.ErrAuth},
		"HTTP, out of order":   {broken, "http://" + broken.Address, gitrepo.ErrUnavailable},
		"SOCKS":                {socks, "socks5://" + socks.Address, nil},
		"SOCKS, password":      {closedSOCKS, "socks5h://pat:s3cret@" + closedSOCKS.Address, nil},
		"SOCKS, no password":   {closedSOCKS, "socks5://" + closedSOCKS.Address, gitrepo.ErrUnavailable},
		"no proxy there":       {socks, "http://127.0.0.1:1", gitrepo.ErrUnavailable},
	}
}

func checkProxies(t *testing.T, url, target string, change func(*gitrepo.Config)) {
	t.Helper()
	for name, test := range proxies(t) {
		t.Run(name, func(t *testing.T) {
			repo := open(t, url, change, func(c *gitrepo.Config) { c.Auth.Proxy = secret.New(test.url) })
			_, err := repo.Head(t.Context(), "main")
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error holds the proxy's password: %v", err)
			}
			if test.want != nil {
				return
			}
			if diff := cmp.Diff([]string{target}, test.proxy.Targets()[:1]); diff != "" {
				t.Errorf("asked of the proxy (-want +got):\n%s", diff)
			}
			basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:hunter2"))
			for _, credential := range []string{"hunter2", basic, "\nAuthorization:"} {
				if strings.Contains(test.proxy.Saw(), credential) {
					t.Errorf("the proxy saw %q", credential)
				}
			}
		})
	}
}

func TestHTTPSProxies(t *testing.T) {
	t.Parallel()
	server := gitrepotest.NewTLS(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	server.RequireAuth("x-access-token", "hunter2")
	checkProxies(t, url, strings.TrimPrefix(server.URL, "https://"), func(c *gitrepo.Config) {
		c.Auth.CA, c.Auth.Password = server.CA(), secret.New("hunter2")
	})
	for _, request := range server.Requests() {
		if request.Header.Get("Proxy-Authorization") != "" {
			t.Errorf("the server saw the proxy's password: %+v", request)
		}
	}
}

func TestSSHProxies(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	checkProxies(t, r.url, r.Address, r.as())
}

func TestTLSProxies(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{})
	server := gitrepotest.NewTLS(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	p, ca := proxytest.NewTLS(t, "pat", "s3cret")
	for name, url := range map[string]string{"https": url, "ssh": r.url} {
		t.Run(name, func(t *testing.T) {
			through := func(c *gitrepo.Config) { c.Auth.Proxy = secret.New("https://pat:s3cret@" + p.Address) }
			if _, err := open(t, url, r.as(), through, func(c *gitrepo.Config) { c.Auth.CA = slices.Concat(ca, server.CA()) }).Head(t.Context(), "main"); err != nil {
				t.Error(err)
			}
			_, err := open(t, url, r.as(), through).Head(t.Context(), "main")
			var failed *gitrepo.Error
			if !errors.As(err, &failed) || failed.Temporary() || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a proxy that nobody vouches for: %v", err)
			}
		})
	}
	if got := len(p.Targets()); got != 2 {
		t.Errorf("the proxy was asked for %d connections, want 2", got)
	}
}

func TestProxyURLs(t *testing.T) {
	for name, text := range map[string]string{ //nolint:gosec // the passwords are bait
		"no scheme": "proxy.example.com:3128", "another scheme": "ftp://pat:s3cret@proxy.example.com",
		"no host": "http://", "not a URL": "http://pat:s3cret@%zz",
	} {
		for _, url := range []string{"https://git.example.com/a", "ssh://git@git.example.com/a"} {
			t.Run(name+" for "+url, func(t *testing.T) {
				auth := gitrepo.Auth{Proxy: secret.New(text), SSH: noSSH}
				_, err := gitrepo.Open(gitrepo.Config{URL: url, Dir: t.TempDir(), Auth: auth})
				if err == nil || !strings.Contains(err.Error(), "proxy") || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}
