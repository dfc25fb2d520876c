package gitrepo_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// A circle of redirects is left, and isn't entered again.
func TestRedirectsInACircle(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Fault(func(w http.ResponseWriter, req *http.Request) bool {
		http.Redirect(w, req, req.URL.String(), http.StatusMovedPermanently)
		return true
	})
	_, err := open(t, url).Fetch(t.Context(), "main")
	var failed *gitrepo.Error
	if !errors.As(err, &failed) || failed.Temporary() {
		t.Errorf("got %v", err)
	}
	if n := len(server.Requests()); n > 10 {
		t.Errorf("it was entered by %d requests", n)
	}
}
