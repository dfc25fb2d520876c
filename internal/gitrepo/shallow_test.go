package gitrepo_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest/sshd"
)

// shallows answers a request for a pack with n commits that have no parents, and then
// with a pack.
func shallows(n int, pack string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
			return false
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		var err error
		for i := 0; i < n && err == nil; i++ {
			_, err = fmt.Fprintf(w, "0034shallow %040x", i+1)
		}
		if err == nil {
			_, _ = io.WriteString(w, "00000008NAK\n"+pack) // a client that went away is its own affair
		}
		return true
	}
}

// What comes before a pack is kept in memory, and so it isn't allowed as much.
func TestEndlessShallows(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	pack := server.GitInput("deploy", []byte("main\n"), "pack-objects", "--revs", "--stdout", "-q")
	framed := fmt.Sprintf("%04x\x01%s0000", len(pack)+5, pack)
	for name, n := range map[string]int{"without end": 1 << 30, "too many to keep": 200_000} {
		t.Run(name, func(t *testing.T) {
			server.Fault(shallows(n, framed))
			defer server.Fault(nil)
			repo := open(t, url)
			var err error
			if used := allocated(func() { _, err = repo.Fetch(t.Context(), "main") }); used > 200 {
				t.Errorf("%d MiB were allocated", used)
			}
			if !errors.Is(err, gitrepo.ErrTooLarge) {
				t.Errorf("got %v", err)
			}
			noRemains(t, repo, name)
		})
	}
	server.Fault(shallows(3, framed))
	fetch(t, open(t, url), "main")
}

func TestSSHEndlessShallows(t *testing.T) {
	t.Parallel()
	r := overSSH(t, sshd.Options{Command: script(t, `printf '0054%s refs/heads/main\0 shallow side-band-64k\n0000' 1111111111111111111111111111111111111111
yes 0034shallow\ 1111111111111111111111111111111111111111 | tr -d '\n'`)})
	_, err := open(t, r.url, r.as()).Fetch(t.Context(), "main")
	if !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}
