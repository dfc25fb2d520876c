package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// guard keeps a registry's requests, and so its credentials, at the registry.
// Two kinds of other hosts are asked. The token server which the registry's
// challenge names gets the credentials that were meant for it; that it is HTTPS
// is checked by go-containerregistry. The store that a blob is redirected to gets
// none (see follow). That neither is at an internal address is checked by network.
type guard struct {
	next     http.RoundTripper // to the registry and its token server
	blobs    http.RoundTripper // to where the registry redirects for a blob
	registry name.Registry
	schemes  schemes
}

// schemes says how a registry may be spoken to.
type schemes int

const (
	httpsOnly schemes = iota
	httpOnly
	eitherScheme
)

const maxRedirects = 5

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if redirects(req) > maxRedirects {
		return nil, fmt.Errorf("%w: %s redirects in circles", ErrBadAnswer, req.URL.Host)
	}
	if err := g.checkScheme(req.URL); err != nil {
		return nil, err
	}
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	to, err := redirect(resp)
	switch {
	case err != nil:
		return nil, err
	case to != nil && !sameOrigin(to, resp.Request.URL):
		return g.follow(req, to)
	}
	if err := g.tidyLink(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// redirects counts how many redirects led to the request. It is counted here
// because go-containerregistry's check replaces net/http's bound of ten.
func redirects(req *http.Request) int {
	n := 0
	for ; req.Response != nil && req.Response.Request != nil; req = req.Response.Request {
		n++
	}
	return n
}

// checkScheme holds go-containerregistry to what the configuration says. Left
// to itself it tries HTTPS and then plain HTTP for every private address; a
// refusal here makes it try the other at once.
func (g *guard) checkScheme(u *url.URL) error {
	if !sameHost(u.Host, g.registry.RegistryStr(), u.Scheme) {
		return nil // a token server, whose scheme go-containerregistry has checked
	}
	if u.Scheme == "http" && g.schemes == httpsOnly {
		return fmt.Errorf("plain HTTP to %s isn't allowed unless PlainHTTP is set for it", u.Host)
	}
	if u.Scheme == "https" && g.schemes == httpOnly {
		return fmt.Errorf("HTTPS to %s isn't tried, since PlainHTTP is set for it", u.Host)
	}
	return nil
}

// sameHost compares host and port, with the scheme's default port filled in.
func sameHost(a, b, scheme string) bool {
	return strings.EqualFold(withPort(a, scheme), withPort(b, scheme))
}

func withPort(host, scheme string) string {
	if (&url.URL{Host: host}).Port() != "" {
		return host
	}
	host = strings.TrimSuffix(host, ":")
	if scheme == "http" {
		return host + ":80"
	}
	return host + ":443"
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && sameHost(a.Host, b.Host, a.Scheme)
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
