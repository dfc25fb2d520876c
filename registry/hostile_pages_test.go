package registry_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/towline-dev/towline/registry/registrytest"
)

// Pages of blanks, each with one tag: compressed they are small, and a tag that is a
// part of its page's text would keep all of it in memory.
func TestBlankPagesTakeNoMemory(t *testing.T) {
	const pages, size, most = 12, 8 << 20, 16 << 20
	server := registrytest.New(t, registrytest.Options{})
	blanks := strings.Repeat(" ", 1<<20)
	server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindTags}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page")) // none on the first
		if page+1 < pages {
			w.Header().Set("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, r.URL.Path, page+1))
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = fmt.Fprintf(z, `{"tags":["t%02d"`, page)
		for range size / len(blanks) {
			_, _ = io.WriteString(z, blanks)
		}
		_, _ = io.WriteString(z, "]}")
		_ = z.Close() // the client has gone, if this fails
	})})
	client, _ := newClient(t, server.Host(), nil)
	before := inUse()
	got, err := client.Tags(t.Context(), server.Host()+"/app")
	if err != nil || len(got) != pages || got[0] != "t00" || got[pages-1] != "t11" {
		t.Errorf("%q, %v", got, err)
	}
	if kept := inUse() - before; kept > most {
		t.Errorf("%d tags keep %d MiB in memory", len(got), kept>>20)
	}
	runtime.KeepAlive(got)
}

// inUse is the memory that is reachable, in bytes.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // G115: no machine has as much
}
