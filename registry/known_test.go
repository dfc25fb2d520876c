package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// Each page has its own ETag. One that hasn't changed isn't sent again, and no
// page is taken for another, whatever else changes.
func TestUnchangedPagesAreNotSentAgain(t *testing.T) {
	server := registrytest.NewServer(registrytest.Options{ETags: true})
	push(t, server, "app", "1", "2", "3", "4", "5")
	var unchanged, sent int
	front := registrytest.New(t, registrytest.Options{})
	front.AddFault(registrytest.Fault{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &noting{ResponseWriter: w, status: http.StatusOK}
		server.ServeHTTP(noted, r)
		switch {
		case noted.status == http.StatusNotModified:
			unchanged++
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			sent++
		}
	})})
	client, _ := newClient(t, front.Host(), func(c *registry.Config) { c.PageSize = 2 })
	rounds := []struct {
		push            string
		want            []string
		sent, unchanged int
	}{
		{want: []string{"1", "2", "3", "4", "5"}, sent: 3},
		{want: []string{"1", "2", "3", "4", "5"}, unchanged: 3},
		{push: "45", want: []string{"1", "2", "3", "4", "45", "5"}, sent: 1, unchanged: 2},
		{push: "15", want: []string{"1", "15", "2", "3", "4", "45", "5"}, sent: 4},
		{push: "6", want: []string{"1", "15", "2", "3", "4", "45", "5", "6"}, sent: 1, unchanged: 3},
	}
	for i, round := range rounds {
		if round.push != "" {
			push(t, server, "app", round.push)
		}
		sent, unchanged = 0, 0
		got, err := client.Tags(t.Context(), front.Host()+"/app")
		if diff := cmp.Diff(round.want, got); err != nil || diff != "" {
			t.Errorf("round %d: %v (-want +got):\n%s", i, err, diff)
		}
		if sent != round.sent || unchanged != round.unchanged {
			t.Errorf("round %d: %d pages sent, %d unchanged; want %d, %d", i, sent, unchanged, round.sent, round.unchanged)
		}
		clear(got) // what the caller does with its list is its own business
	}
}

type noting struct {
	http.ResponseWriter
	status int
}

func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// What is remembered is bounded, and what was used longest ago goes first.
func TestRememberedListsAreBounded(t *testing.T) {
	server := registrytest.New(t, registrytest.Options{ETags: true})
	large := make([]string, 100)
	for i := range large {
		large[i] = fmt.Sprintf("%0100d", i)
	}
	push(t, server, "large", large...)
	for i := range 20 {
		push(t, server, fmt.Sprintf("app%d", i), "1.0.0")
	}
	asked := newConditions(nil)
	client, _ := newClient(t, server.Host(), func(c *registry.Config) { c.Transport, c.MaxRemembered = asked, 4<<10 })
	order := []string{"app0", "large", "app0", "large"} // the first fits, the second doesn't
	for i := range 20 {
		order = append(order, fmt.Sprintf("app%d", i))
	}
	order = append(order, "app19", "app1")
	var got []bool
	for _, repository := range order {
		before := asked.n.Load()
		if err := tags(client, server.Host()+"/"+repository)(t.Context()); err != nil {
			t.Fatal(err)
		}
		got = append(got, asked.n.Load() > before)
	}
	want := make([]bool, len(order))
	want[2], want[4], want[len(order)-2] = true, true, true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("asked with If-None-Match in the order %v (-want +got):\n%s", order, diff)
	}
}

// conditions counts requests with If-None-Match.
type conditions struct {
	next http.RoundTripper
	n    atomic.Int32
}

func newConditions(next http.RoundTripper) *conditions {
	if next == nil {
		next = &http.Transport{}
	}
	return &conditions{next: next}
}

func (c *conditions) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("If-None-Match") != "" {
		c.n.Add(1)
	}
	return c.next.RoundTrip(req)
}

func TestHostileETags(t *testing.T) {
	for name, etag := range map[string]string{
		"endless": `"` + strings.Repeat("x", 100_000) + `"`, "with a line break": "\"a\\r\\n b\"\x7f", "empty": "", "with spaces": `"a b"`,
	} {
		t.Run(name, func(t *testing.T) {
			asked := newConditions(handler(func(*http.Request) *http.Response {
				resp := answer(http.StatusOK, `{"tags":["1"]}`)
				resp.Header.Set("ETag", etag)
				return resp
			}))
			client, _ := newClient(t, "reg.test", func(c *registry.Config) { c.Transport = asked })
			for range 2 {
				if err := tags(client, "reg.test/app")(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if n := asked.n.Load(); n > 0 {
				t.Errorf("%d times it was sent back", n)
			}
		})
	}
}

// 304 to a question that wasn't "is it still this?" is no list.
func TestNotModifiedUnasked(t *testing.T) {
	client, _ := newClient(t, "reg.test", func(c *registry.Config) {
		c.Transport = handler(func(r *http.Request) *http.Response {
			if r.URL.Path == "/v2/" {
				return answer(http.StatusOK, "{}")
			}
			return answer(http.StatusNotModified, "")
		})
	})
	wantKind(t, tags(client, "reg.test/app")(t.Context()), registry.ErrBadAnswer)
}
