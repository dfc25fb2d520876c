package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// redirect returns where the answer redirects to, nil when it doesn't.
func redirect(resp *http.Response) (*url.URL, error) {
	if resp.StatusCode < 300 || resp.StatusCode > 399 || resp.Header.Get("Location") == "" {
		return nil, nil
	}
	to, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil, fmt.Errorf("%w: a redirect to an unreadable address", ErrBadAnswer)
	}
	return to, nil
}

// follow goes after a redirect to another host. Registries keep blobs in object
// stores, so those may lead anywhere by HTTPS; what comes back is held against
// the blob's digest. Nothing else that we ask for is kept elsewhere by any
// registry that we know, and is refused.
//
// It is done here, out of sight of net/http and go-containerregistry: each hop is
// a new request that never had credentials, and a challenge from the store isn't
// answered with a token that somebody there names.
func (g *guard) follow(req *http.Request, to *url.URL) (*http.Response, error) {
	from := req.URL
	if !g.isBlob(first(req)) {
		return nil, fmt.Errorf("%w: %s redirects to another host: %q", ErrBadAnswer, from.Host, origin(to))
	}
	for range maxRedirects {
		if to.Scheme != "https" || to.Host == "" || to.User != nil || sameHost(to.Host, g.registry.RegistryStr(), to.Scheme) {
			return nil, fmt.Errorf("%w: %s redirects a blob to %q: expecting HTTPS and another host", ErrBadAnswer, from.Host, origin(to))
		}
		hop, err := bare(req, to)
		if err != nil {
			return nil, err
		}
		resp, err := g.blobs.RoundTrip(hop)
		if err != nil {
			return nil, err
		}
		next, err := redirect(resp)
		if err != nil {
			return nil, err
		}
		if next == nil {
			for _, key := range []string{"Www-Authenticate", "Set-Cookie", "Link"} {
				resp.Header.Del(key)
			}
			resp.Request = req
			return resp, nil
		}
		from, to = to, next
	}
	return nil, fmt.Errorf("%w: %s redirects in circles", ErrBadAnswer, from.Host)
}

// bare is the request at another address, with what the answer depends on and
// nothing else.
func bare(req *http.Request, to *url.URL) (*http.Request, error) {
	hop, err := http.NewRequestWithContext(req.Context(), req.Method, to.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%w: a redirect to an unreadable address", ErrBadAnswer)
	}
	for _, key := range []string{"Accept", "Range", "User-Agent"} {
		if values := req.Header.Values(key); len(values) > 0 {
			hop.Header[key] = values
		}
	}
	return hop, nil
}

// first is the request that began the chain of redirects within the host.
func first(req *http.Request) *http.Request {
	for req.Response != nil && req.Response.Request != nil {
		req = req.Response.Request
	}
	return req
}

func (g *guard) isBlob(req *http.Request) bool {
	reading := req.Method == http.MethodGet || req.Method == http.MethodHead
	name, digest, found := strings.Cut(strings.TrimPrefix(req.URL.Path, "/v2/"), "/blobs/")
	return reading && found && name != "" && strings.HasPrefix(req.URL.Path, "/v2/") &&
		strings.Contains(digest, ":") && !strings.Contains(digest, "/") &&
		sameHost(req.URL.Host, g.registry.RegistryStr(), req.URL.Scheme)
}
