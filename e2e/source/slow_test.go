package source_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestAServerThatHangsHoldsNobodyUp has many repositories of one server that takes the
// requests for commits and never answers: a Sync of another server is served meanwhile.
func TestAServerThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const many = 12
	s, stuck, well := newScene(t), newRepository(t), newRepository(t)
	hanging, released := make(chan struct{}, many), make(chan struct{})
	s.Cleanup(func() { close(released) })
	stuck.Fault(func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
			return false
		}
		select {
		case hanging <- struct{}{}:
		default: // enough of them do
		}
		select {
		case <-released:
		case <-r.Context().Done():
		}
		return true
	})
	for i := range many {
		name := fmt.Sprint("stuck-", i)
		s.sync(name, v1.Source{URL: stuck.Create(name)}, folder)
		stuck.Commit(name, gitrepotest.Commit{Files: one("1")})
	}
	for range 6 { // all places but those that are kept for others
		select {
		case <-hanging:
		case <-time.After(patience):
			t.Fatal("too few repositories are fetched side by side")
		}
	}
	head := well.put("1")
	s.sync("well", v1.Source{URL: strings.Replace(well.url, "127.0.0.1", "localhost", 1)}, folder)
	s.ready("well", "main@sha1:"+head)
	head = well.put("2")
	s.ready("well", "main@sha1:"+head)
}
