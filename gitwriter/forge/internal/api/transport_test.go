package api_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/internal/api"
	"github.com/towline-dev/towline/gitwriter/forge/quota"
)

func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *url.URL) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	origin, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return server, origin
}

func get(t *testing.T, client *http.Client, address string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return client.Do(req)
}

func TestTransportTriesAgain(t *testing.T) {
	cut := func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		_ = conn.Close()
	}
	status := func(code int) func(http.ResponseWriter) { return func(w http.ResponseWriter) { w.WriteHeader(code) } }
	for _, test := range []struct {
		name   string
		method string
		marked bool
		first  func(http.ResponseWriter)
		tries  int32
	}{
		{"read after 502", "GET", false, status(502), 2},
		{"read after a cut-off answer", "GET", false, cut, 2},
		{"read after 404", "GET", false, status(404), 1},
		{"read after 429", "GET", false, status(429), 1},
		{"read after 501", "GET", false, status(501), 1},
		{"write after 502", "POST", false, status(502), 1},
		{"write after a cut-off answer", "POST", false, cut, 1},
		{"harmless write after 502", "POST", true, status(502), 2},
		{"harmless write after a cut-off answer", "PATCH", true, cut, 2},
		{"success", "GET", false, status(200), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tries atomic.Int32
			server, origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if string(body) != "body" {
					t.Errorf("try %d carries the body %q", tries.Load()+1, body)
				}
				if tries.Add(1) == 1 {
					test.first(w)
				}
			})
			ctx := t.Context()
			if test.marked {
				ctx = api.Repeatable(ctx)
			}
			req, err := http.NewRequestWithContext(ctx, test.method, server.URL, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := (&api.Transport{Origin: origin, Delay: time.Nanosecond}).RoundTrip(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			if got := tries.Load(); got != test.tries {
				t.Errorf("%d tries, want %d (error %v)", got, test.tries, err)
			}
			if test.tries == 2 && (err != nil || resp.StatusCode != http.StatusOK) {
				t.Errorf("the second try's answer is lost: %v", err)
			}
		})
	}
}

func TestTransportLeavesItsOriginAlone(t *testing.T) {
	var reached atomic.Bool
	other, _ := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	server, origin := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	client := &http.Client{Transport: &api.Transport{Origin: origin}}
	resp, err := get(t, client, server.URL)
	if err == nil {
		_ = resp.Body.Close()
	}
	var foreign *api.ForeignOriginError
	if !errors.As(err, &foreign) || reached.Load() {
		t.Errorf("error %v, want a ForeignOriginError; the other host was called: %t", err, reached.Load())
	}
}

func TestTransportBoundsAnswers(t *testing.T) {
	server, origin := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 101)) })
	for limit, fits := range map[int64]bool{100: false, 101: true} {
		client := &http.Client{Transport: &api.Transport{Origin: origin, MaxBody: limit}}
		resp, err := get(t, client, server.URL)
		if err == nil {
			_ = resp.Body.Close()
		}
		var large *api.TooLargeError
		if errors.As(err, &large) == fits {
			t.Errorf("limit %d: error %v", limit, err)
		}
	}
}

func TestTransportEndsASlowCall(t *testing.T) {
	release := make(chan struct{})
	server, origin := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&api.Transport{Origin: origin, Timeout: time.Millisecond}).RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Error("a server that never answers got an answer through")
	}
}

func TestParseOrigin(t *testing.T) {
	for _, address := range []string{"https://api.github.com/", "http://127.0.0.1:3000", "https://ghe.example.com/api/v3/"} {
		if _, err := api.ParseOrigin(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"", "github.com", "ftp://github.com", "https://", "https://x:hunter2@github.com", "https://x:hunter2@github.com:bad", "https://h/?token=hunter2", "https://h/#x"} {
		_, err := api.ParseOrigin(address)
		if err == nil {
			t.Errorf("%q was taken", address)
		} else if strings.Contains(address, "@") && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error shows the password: %v", address, err)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	parse := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://h/a", "https://H:443/b", true},
		{"http://h", "http://h:80", true},
		{"https://h", "http://h", false},
		{"https://h", "https://h:8443", false},
		{"https://h", "https://h.evil", false},
	} {
		if got := api.SameOrigin(parse(test.a), parse(test.b)); got != test.want {
			t.Errorf("SameOrigin(%s, %s) = %t", test.a, test.b, got)
		}
	}
}

func TestPages(t *testing.T) {
	for _, test := range []struct {
		name string
		next []int
		want int // pages fetched
		ok   bool
	}{
		{"one", []int{0}, 1, true},
		{"three", []int{2, 3, 0}, 3, true},
		{"the same again", []int{1}, 1, false},
		{"backwards", []int{2, 1}, 2, false},
		{"far away", []int{1 << 20}, 1, false},
	} {
		var fetched int
		err := api.Pages(func(int) (int, error) { fetched++; return test.next[fetched-1], nil })
		if fetched != test.want || (err == nil) != test.ok {
			t.Errorf("%s: %d pages, error %v", test.name, fetched, err)
		}
	}
}

// After a limit no call goes out, of any adapter that shares the quota.
func TestTransportObeysTheQuota(t *testing.T) {
	var calls atomic.Int32
	server, origin := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	shared := quota.New(quota.Config{})
	for range 2 {
		client := &http.Client{Transport: &api.Transport{Origin: origin, Quota: shared, Delay: time.Nanosecond}}
		for range 3 {
			resp, err := get(t, client, server.URL)
			if err != nil {
				err = api.Classify(t.Context(), api.Failure{Op: "listing", Err: err})
				var limited *forge.RateLimitError
				if !errors.As(err, &limited) || limited.Op != "listing" || limited.RetryAfter < 59*time.Second || limited.RetryAfter > time.Minute {
					t.Errorf("a call held back gives %v", err)
				}
				continue
			}
			_ = resp.Body.Close()
		}
	}
	if got := calls.Load(); got != 1 {
		t.Errorf("%d calls went out, want 1", got)
	}
}
