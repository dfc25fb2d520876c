package registry_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

const million = 1_000_000

// millionTags serves a million tags without holding them: whole, or in pages of 1,000.
func millionTags(paged bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begin, end := 0, million
		if paged {
			begin, _ = strconv.Atoi(r.URL.Query().Get("last")) // none on the first page
			if end = begin + 1000; end < million {
				w.Header().Set("Link", fmt.Sprintf(`<%s?n=1000&last=%d>; rel="next"`, r.URL.Path, end))
			}
		}
		b := bufio.NewWriter(w)
		for i := begin; i < end; i++ {
			lead := ","
			if i == begin {
				lead = `{"name":"app","tags":[`
			}
			_, _ = fmt.Fprintf(b, `%s"v%d.%d.%d-build.%07d"`, lead, i/10_000, i/100%100, i%100, i)
		}
		_, _ = b.WriteString("]}")
		_ = b.Flush() // the client has gone, if this fails
	}
}

func millionClient(tb testing.TB, paged bool) (client *registry.Client, repository string) {
	tb.Helper()
	server := registrytest.New(tb, registrytest.Options{})
	server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindTags}, Handler: millionTags(paged)})
	client, _ = newClient(tb, server.Host(), nil)
	return client, server.Host() + "/app"
}

func TestAMillionTags(t *testing.T) {
	for name, paged := range map[string]bool{"in pages": true, "at once": false} {
		t.Run(name, func(t *testing.T) {
			client, repository := millionClient(t, paged)
			got, err := client.Tags(t.Context(), repository)
			if err != nil || len(got) != million || got[0] != "v0.0.0-build.0000000" {
				t.Errorf("%d tags, %v", len(got), err)
			}
		})
	}
}

// BenchmarkMillionTags prints the most memory that the process has held while it
// lists a million tags of 22 bytes: the server's, which is little, included.
func BenchmarkMillionTags(b *testing.B) {
	for name, paged := range map[string]bool{"paged": true, "whole": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				client, repository := millionClient(b, paged)
				if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil {
					b.Skipf("the peak can't be reset here: %v", err)
				}
				if err := tags(client, repository)(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(peakMemory(b), "peak-MB")
			}
		})
	}
}

func peakMemory(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseFloat(strings.Fields(text)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1024
}
