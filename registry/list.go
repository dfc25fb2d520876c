package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// list reads all pages of a repository's list.
func (c *Client) list(ctx context.Context, s *session) ([]string, error) {
	l := listing{client: c, session: s, found: tagList{max: c.config.MaxTags}, followed: map[string]bool{}}
	first := url.URL{
		Scheme: s.at.Scheme(), Host: s.at.RegistryStr(), Path: "/v2/" + s.at.RepositoryStr() + "/tags/list",
		RawQuery: "n=" + strconv.Itoa(c.config.PageSize),
	}
	for next := first.String(); next != ""; {
		var err error
		if next, err = l.page(ctx, next); err != nil {
			return nil, err
		}
	}
	if l.found.dropped > 0 {
		c.config.Log.WarnContext(ctx, "leaving out tags that no image can have",
			"repository", s.at.Name(), "count", l.found.dropped, "first", printable(l.found.sample))
	}
	tags := l.found.tags
	if !slices.IsSorted(tags) {
		slices.Sort(tags)
	}
	return slices.Clip(slices.Compact(tags)), nil
}

// listing reads a list page by page, and ends one that goes round in circles or on for ever.
type listing struct {
	client   *Client
	session  *session
	found    tagList
	count    int
	followed map[string]bool // links to next pages
}

// page reads one page and returns the next one's address, "" after the last.
func (l *listing) page(ctx context.Context, address string) (next string, err error) {
	known := l.client.known.get(address)
	resp, err := l.ask(ctx, address, known)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }() // it is in memory
	if known != nil && resp.StatusCode == http.StatusNotModified {
		return known.next, errors.Join(l.found.addKnown(known), l.follow(known.next))
	}
	if err := transport.CheckError(resp, http.StatusOK); err != nil {
		return "", err
	}
	next = linked(resp)
	before := l.found
	if err := l.read(resp); err != nil {
		return "", err
	}
	l.client.known.put(address, &knownPage{
		etag: resp.Header.Get("ETag"), next: next,
		tags: l.found.tags[len(before.tags):], dropped: l.found.dropped - before.dropped, sample: l.found.sample,
	})
	return next, l.follow(next)
}

// ask asks for the page, or whether it is still the known one (RFC 9110, section 13.1.2).
func (l *listing) ask(ctx context.Context, address string, known *knownPage) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	if known != nil {
		req.Header.Set("If-None-Match", known.etag)
	}
	return l.session.client.Do(req)
}

func (l *listing) read(resp *http.Response) error {
	var text strings.Builder
	text.Grow(int(max(resp.ContentLength, 0))) // which attempt has counted
	if _, err := io.Copy(&text, resp.Body); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	before := len(l.found.tags)
	if err := l.found.addPage(text.String()); err != nil {
		return fmt.Errorf("%w: reading the list (Content-Type %q): %w", ErrBadAnswer, resp.Header.Get("Content-Type"), err)
	}
	l.found.unburden(before, text.Len())
	return nil
}

// linked is the address of the next page, as guard has tidied it.
func linked(resp *http.Response) string {
	target, _, _ := strings.Cut(strings.TrimPrefix(resp.Header.Get("Link"), "<"), ">")
	return target
}

// follow checks that the page after this one may be asked for.
func (l *listing) follow(next string) error {
	l.count++
	switch {
	case next == "":
		return nil
	case l.count >= l.client.config.MaxPages:
		return fmt.Errorf("%w: the list has more than %d pages", ErrBadAnswer, l.client.config.MaxPages)
	case l.followed[next]:
		return fmt.Errorf("%w: page %d of the list links back to an earlier page", ErrBadAnswer, l.count)
	}
	l.followed[next] = true
	return nil
}
