package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// guard keeps a registry's requests, and so its credentials, at the registry.
// The one other host that is asked is the token server which the registry's
// challenge names; go-containerregistry checks that one (HTTPS, no private
// address), and it gets the credentials that were meant for it.
type guard struct {
	next     http.RoundTripper
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
	if err := refuseRedirect(resp); err != nil {
		return nil, err
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

// refuseRedirect refuses redirects to another host or scheme. Neither listings
// nor manifests nor tokens are kept elsewhere by any registry that we know.
func refuseRedirect(resp *http.Response) error {
	if resp.StatusCode < 300 || resp.StatusCode > 399 || resp.Header.Get("Location") == "" {
		return nil
	}
	from := resp.Request.URL
	to, err := from.Parse(resp.Header.Get("Location"))
	if err != nil {
		return fmt.Errorf("%w: a redirect to an unreadable address", ErrBadAnswer)
	}
	if to.Scheme != from.Scheme || !sameHost(to.Host, from.Host, from.Scheme) {
		return fmt.Errorf("%w: %s redirects to another host: %q", ErrBadAnswer, from.Host, origin(to))
	}
	return nil
}

// tidyLink replaces the Link headers of a listing by at most one, absolute and
// checked. go-containerregistry takes the first link whatever its rel is, and
// compares the scheme with the one that it guessed from the host's name, which
// is wrong for a private registry with TLS.
func (g *guard) tidyLink(resp *http.Response) error {
	links := resp.Header.Values("Link")
	if len(links) == 0 {
		return nil
	}
	from := resp.Request.URL
	next := nextLink(links)
	resp.Header.Del("Link")
	if next == "" || !sameHost(from.Host, g.registry.RegistryStr(), from.Scheme) {
		return nil
	}
	to, err := from.Parse(next)
	if err != nil {
		return fmt.Errorf("%w: an unreadable link to the next page", ErrBadAnswer)
	}
	if to.Scheme != from.Scheme || !sameHost(to.Host, from.Host, from.Scheme) {
		return fmt.Errorf("%w: the link to the next page leads to another host: %q", ErrBadAnswer, origin(to))
	}
	tidy := url.URL{Scheme: g.registry.Scheme(), Host: g.registry.RegistryStr(), Path: to.Path, RawPath: to.RawPath, RawQuery: to.RawQuery}
	resp.Header.Set("Link", "<"+tidy.String()+`>; rel="next"`)
	return nil
}

// nextLink returns the target of the link whose relation is next, or that has
// none: some registries leave it out (RFC 8288 has the grammar).
func nextLink(headers []string) string {
	for _, header := range headers {
		for _, link := range strings.Split(header, "<")[1:] {
			target, params, found := strings.Cut(link, ">")
			if found && isNext(params) {
				return target
			}
		}
	}
	return ""
}

func isNext(params string) bool {
	for param := range strings.SplitSeq(strings.TrimRight(strings.TrimSpace(params), ","), ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(strings.TrimSpace(key), "rel") {
			return strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "next")
		}
	}
	return true
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

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
