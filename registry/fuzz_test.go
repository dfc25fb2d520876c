package registry_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/towline-dev/towline/registry"
)

// FuzzTags gives the client a listing of random bytes with random headers. Its
// properties: every tag that comes out is well-formed, sorted and there once; an
// error comes without tags; nobody but the registry is asked; and it ends.
func FuzzTags(f *testing.F) {
	f.Add(200, `{"tags":["1.0.0","2.0.0"]}`, `</v2/app/tags/list?last=2.0.0>; rel="next"`, "", "")
	f.Add(200, `{"tags":["b","a","a"]}`, `<https://evil.test/>; rel="next"`, "", "")
	f.Add(200, `{"tags":null}`, `<>; rel="prev", <?x>, <y`, "", "")
	f.Add(307, ``, ``, "https://evil.test/", "")
	f.Add(302, ``, ``, "/v2/app/tags/list", "")
	f.Add(429, ``, ``, "", "3")
	f.Add(503, `{"errors":[{"code":"X","message":"\u0000"}]}`, ``, "", "Fri, 02 Jan 2026 03:04:14 GMT")
	f.Add(401, ``, ``, "", "9999999999999999999999")
	grammar := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	f.Fuzz(func(t *testing.T, status int, body, link, location, retryAfter string) {
		if status < 200 || status > 599 {
			return // net/http gives no such status to a transport's caller
		}
		asked := newWatch(handler(func(r *http.Request) *http.Response {
			if r.URL.Path == "/v2/" {
				return answer(http.StatusOK, "{}")
			}
			resp := answer(status, body)
			resp.Header.Set("Link", link)
			resp.Header.Set("Location", location)
			resp.Header.Set("Retry-After", retryAfter)
			return resp
		}))
		client, _ := newClient(t, "reg.test", func(c *registry.Config) {
			c.Transport, c.Hosts, c.MaxPages = asked, map[string]registry.HostConfig{"reg.test": {QPS: 1e6}}, 5
		})
		got, err := client.Tags(t.Context(), "reg.test/app")
		if err != nil && got != nil {
			t.Errorf("tags %q beside error %v", got, err)
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("not sorted or not unique: %q", got)
		}
		for _, tag := range got {
			if !grammar.MatchString(tag) {
				t.Errorf("tag %q", tag)
			}
		}
		requests := asked.Seen()
		if len(requests) > 40 {
			t.Errorf("%d requests", len(requests))
		}
		for _, r := range requests {
			if !strings.HasPrefix(r.URL, "https://reg.test/") {
				t.Errorf("asked %s", r.URL)
			}
		}
	})
}

// answer makes a response without a server.
func answer(status int, body string) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// registryOf is a transport to an open registry whose every listing is body.
func registryOf(body string) http.RoundTripper {
	return handler(func(*http.Request) *http.Response { return answer(http.StatusOK, body) })
}
