package registry_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// BenchmarkTags lists 10,000 tags in ten pages from a registry in this process.
// What is measured includes the server's work, about as much as the client's.
func BenchmarkTags(b *testing.B) {
	const n = 10_000
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%d.%d.%d", i/1000, i/10%100, i%10)
	}
	server := registrytest.New(b, registrytest.Options{})
	if err := server.PushTags("app", all...); err != nil {
		b.Fatal(err)
	}
	client, _ := newClient(b, server.Host(), nil)
	b.ReportAllocs()
	for b.Loop() {
		got, err := client.Tags(b.Context(), server.Host()+"/app")
		if err != nil || len(got) != n {
			b.Fatalf("%d tags, %v", len(got), err)
		}
	}
}

const (
	benchLatency = 20 * time.Millisecond
	benchConns   = 20
	benchTags    = 1000
)

// distant is a registry that answers each request after benchLatency, with a body
// that is made once, so that little of what is measured is the server's work.
type distant struct {
	server   *httptest.Server
	requests atomic.Int64
}

func newDistant(b *testing.B, token bool) *distant {
	b.Helper()
	list := listBody(benchTags)
	d := &distant{}
	d.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.requests.Add(1)
		timer := time.NewTimer(benchLatency)
		defer timer.Stop()
		<-timer.C
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/token":
			_, _ = io.WriteString(w, `{"token":"t","expires_in":300}`)
		case token && r.Header.Get("Authorization") != "Bearer t":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v2/":
			_, _ = io.WriteString(w, "{}")
		default:
			w.Header().Set("Content-Length", strconv.Itoa(len(list)))
			_, _ = w.Write(list)
		}
	}))
	b.Cleanup(d.server.Close)
	return d
}

func (d *distant) host() string { return strings.TrimPrefix(d.server.URL, "http://") }

func listBody(n int) []byte {
	var list bytes.Buffer
	list.WriteString(`{"name":"app","tags":["0.0.0"`)
	for i := range n - 1 {
		fmt.Fprintf(&list, `,"%d.%d.%d"`, (i+1)/10_000, (i+1)/100%100, (i+1)%100)
	}
	list.WriteString("]}\n")
	return list.Bytes()
}

// BenchmarkManyRepositories lists 1,000 repositories of 1,000 tags at 20 ms
// latency over 20 connections, twice. For each round it prints the requests that
// a repository costs, and the time as a multiple of what these requests must take
// (requests × latency ÷ connections); beside it, the same of go-containerregistry
// by itself, as it is commonly used.
func BenchmarkManyRepositories(b *testing.B) {
	for _, token := range []bool{false, true} {
		auth := map[bool]string{false: "anonymous", true: "bearer"}[token]
		b.Run(auth, func(b *testing.B) {
			for b.Loop() {
				d := newDistant(b, token)
				client, err := registry.New(registry.Config{
					Keychain: keys{},
					Hosts:    map[string]registry.HostConfig{d.host(): {PlainHTTP: true, QPS: 1e6, Burst: 1e6, MaxConns: benchConns}},
				})
				if err != nil {
					b.Fatal(err)
				}
				list := func(repository string) error {
					got, err := client.Tags(b.Context(), d.host()+"/"+repository)
					return countTags(len(got), err)
				}
				// More callers than connections: none of these idles while an answer is read.
				d.round(b, "round1", 2*benchConns, list)
				d.round(b, "round2", 2*benchConns, list)
			}
		})
		b.Run(auth+"/go-containerregistry", func(b *testing.B) {
			for b.Loop() {
				d := newDistant(b, token)
				list := func(repository string) error {
					repo, err := name.NewRepository(d.host()+"/"+repository, name.Insecure)
					if err != nil {
						return err
					}
					got, err := remote.List(repo, remote.WithContext(b.Context()))
					return countTags(len(got), err)
				}
				// Here nothing but the number of callers bounds the requests in flight.
				d.round(b, "round1", benchConns, list)
				d.round(b, "round2", benchConns, list)
			}
		})
	}
}

func (d *distant) round(b *testing.B, name string, callers int, list func(repository string) error) {
	d.requests.Store(0)
	begun := time.Now()
	listAll(b, callers, list)
	elapsed, requests := time.Since(begun), float64(d.requests.Load())
	least := requests * benchLatency.Seconds() / benchConns
	b.ReportMetric(elapsed.Seconds()/least, name+"-ratio")
	b.ReportMetric(requests/manyRepositories, name+"-requests/repo")
	b.ReportMetric(float64(elapsed.Milliseconds()), name+"-ms")
}

func countTags(n int, err error) error {
	if err == nil && n != benchTags {
		err = fmt.Errorf("%d tags", n)
	}
	return err
}
