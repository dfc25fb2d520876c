package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxLink bounds a link, in bytes. A list's links are kept while it is read, to see
// whether they go round in circles.
const maxLink = 8 << 10

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
	if len(next) > maxLink {
		return fmt.Errorf("%w: a link of %d bytes to the next page, and at most %d are followed", ErrBadAnswer, len(next), maxLink)
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
