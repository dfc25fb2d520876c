package registry_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// vast is a registry with one repository of very many tags, which it makes up
// as it goes: no real one takes a million within the time of a test, and what
// lay in this process's memory would count for its children (see peak).
type vast struct {
	tags  int
	pages bool // false: one body with all, whatever is asked for
}

// startVast serves until the end of the test, and returns the repository's name.
func startVast(t testing.TB, v vast) (repository string) {
	t.Helper()
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://") + "/vast"
}

// ServeHTTP implements http.Handler.
func (v vast) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v2/":
		w.WriteHeader(http.StatusOK)
	case "/v2/vast/tags/list":
		v.list(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (v vast) list(w http.ResponseWriter, r *http.Request) {
	from, to := 0, v.tags
	if v.pages {
		query := r.URL.Query()
		count, err := strconv.Atoi(query.Get("n"))
		if err != nil || count < 1 {
			count = 1000
		}
		from, err = strconv.Atoi(query.Get("from"))
		if err != nil {
			from = 0 // the first page
		}
		to = min(from+min(count, 1000), v.tags)
		if to < v.tags {
			w.Header().Set("Link", fmt.Sprintf(`<%s?n=%d&from=%d>; rel="next"`, r.URL.Path, count, to))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	body := bufio.NewWriter(w)
	separator := `{"name":"vast","tags":[`
	for i := from; i < to; i++ {
		_, _ = fmt.Fprintf(body, "%s%q", separator, vastTag(i)) // Flush has the error
		separator = ","
	}
	_, _ = body.WriteString("]}\n")
	_ = body.Flush() // the client has gone, if this fails
}

// vastTag mixes tags as registries have them: of ten, four are x.y.z, two begin
// with v, one is a prerelease, one a variant and two are commits.
func vastTag(i int) string {
	version := fmt.Sprintf("1.%d.%d", i/1000, i%1000)
	switch i % 10 {
	case 0, 1, 2, 3:
		return version
	case 4, 5:
		return "v" + version
	case 6:
		return version + "-rc.1"
	case 7:
		return version + "-alpine3.18"
	}
	return fmt.Sprintf("sha-%012x", i*0x9e3779b)
}
