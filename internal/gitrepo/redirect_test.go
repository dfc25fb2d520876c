package gitrepo_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// A circle of redirects is left, and isn't entered again.
func TestRedirectsInACircle(t *testing.T) {
	server := gitrepotest.New(t)
	address := server.Create("deploy")
	server.Fault(func(w http.ResponseWriter, req *http.Request) bool {
		w.Header().Set("Location", address+"/info/refs?"+req.URL.RawQuery)
		w.WriteHeader(http.StatusMovedPermanently)
		return true
	})
	_, err := open(t, address).Fetch(t.Context(), "main")
	var failed *gitrepo.Error
	if !errors.As(err, &failed) || failed.Temporary() {
		t.Errorf("got %v", err)
	}
	if n := len(server.Requests()); n > 10 {
		t.Errorf("it was entered by %d requests", n)
	}
}

// What is escaped in a path stays so, or it would be another repository's.
func TestEscapedPaths(t *testing.T) {
	server := gitrepotest.New(t)
	for _, name := range []string{"a b", "ä", "a+b", "a;b=c&d"} {
		server.Create(name)
		want := server.Commit(name, gitrepotest.Commit{Files: map[string]string{"name": name}})
		got := fetch(t, open(t, server.URL+"/"+url.PathEscape(name)+".git"), "main")
		if string(got) != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
