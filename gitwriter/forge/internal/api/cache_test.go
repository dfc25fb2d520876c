package api_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
)

// versioned serves a body under an ETag, and 304 to whoever has it.
type versioned struct {
	etag, body string
	seen       []int // statuses given
}

func (v *versioned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Ratelimit-Remaining", fmt.Sprint(100-len(v.seen)))
	if v.etag != "" {
		w.Header().Set("Etag", v.etag)
	}
	if v.etag != "" && r.Header.Get("If-None-Match") == v.etag {
		v.seen = append(v.seen, 304)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	v.seen = append(v.seen, 200)
	w.Header().Set("Link", `<next>; rel="next"`)
	_, _ = io.WriteString(w, v.body)
}

func fetch(t *testing.T, transport http.RoundTripper, address, accept string) (status int, header http.Header, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err != nil || closeErr != nil {
		t.Fatal(err, closeErr)
	}
	if req.Header.Get("If-None-Match") != "" {
		t.Error("the caller's request was changed")
	}
	return resp.StatusCode, resp.Header, string(data)
}

func TestCacheServesWhatHasNotChanged(t *testing.T) {
	v := &versioned{etag: `W/"1"`, body: strings.Repeat("one ", 1000)}
	server, origin := serve(t, v.ServeHTTP)
	transport := &api.Transport{Origin: origin, Cache: &api.Cache{}}
	for i := range 3 {
		status, header, body := fetch(t, transport, server.URL+"/a?page=1", "json")
		if status != 200 || body != v.body || header.Get("Link") == "" {
			t.Errorf("fetch %d: %d, %d bytes, Link %q", i, status, len(body), header.Get("Link"))
		}
		if got, want := header.Get("X-Ratelimit-Remaining"), fmt.Sprint(100-i); got != want {
			t.Errorf("fetch %d tells of %s remaining, want %s: the limit is told by the new answer", i, got, want)
		}
	}
	v.etag, v.body = `W/"2"`, "two"
	for range 2 {
		if _, _, body := fetch(t, transport, server.URL+"/a?page=1", "json"); body != "two" {
			t.Errorf("after the change: %q", body)
		}
	}
	fetch(t, transport, server.URL+"/a?page=2", "json")
	fetch(t, transport, server.URL+"/a?page=1", "html")
	v.etag = ""
	fetch(t, transport, server.URL+"/b", "json")
	fetch(t, transport, server.URL+"/b", "json")
	if diff := cmp.Diff([]int{200, 304, 304, 200, 304, 200, 200, 200, 200}, v.seen); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// Of two answers, each more than half the bound after compression, one is kept.
func TestCacheIsBounded(t *testing.T) {
	noise := make([]byte, 600)
	source := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- noise that doesn't shrink
	for i := range noise {
		noise[i] = byte(source.Uint32()) // #nosec G115 -- the lowest bits will do
	}
	v := &versioned{etag: `"1"`, body: string(noise)}
	server, origin := serve(t, v.ServeHTTP)
	transport := &api.Transport{Origin: origin, Cache: &api.Cache{MaxBytes: 1000}}
	for _, path := range []string{"/a", "/a", "/b", "/a", "/a"} {
		fetch(t, transport, server.URL+path, "")
	}
	if diff := cmp.Diff([]int{200, 304, 200, 200, 304}, v.seen); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	v.seen = nil
	transport.Cache = &api.Cache{MaxBytes: 100}
	fetch(t, transport, server.URL+"/a", "")
	fetch(t, transport, server.URL+"/a", "")
	if diff := cmp.Diff([]int{200, 200}, v.seen); diff != "" {
		t.Errorf("statuses of what is larger than all (-want +got):\n%s", diff)
	}
}

// A 304 that nobody asked for is no success.
func TestUnaskedNotModified(t *testing.T) {
	server, origin := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	if status, _, _ := fetch(t, &api.Transport{Origin: origin, Cache: &api.Cache{}}, server.URL, ""); status != 304 {
		t.Errorf("status %d, want 304", status)
	}
}
