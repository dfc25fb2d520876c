package git_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// shelter stands before Gitea as a proxy does that takes a request whole: a push goes to
// its end though who pushed is killed. Gitea itself would kill git then, by SIGKILL, and
// once in some hundred kills leave the branch locked until somebody removes the file.
type shelter struct {
	url    string
	target *url.URL
	pushes sync.RWMutex // read by each push under way
}

func newShelter(t *testing.T, target string) *shelter {
	t.Helper()
	parsed, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	s := &shelter{target: parsed}
	rest := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(parsed) },
		ErrorLog: log.New(io.Discard, "", 0), // who asked is killed, again and again
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
			s.push(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// push hands a push on once it is here whole, and its answer back to whoever is still there.
func (s *shelter) push(w http.ResponseWriter, r *http.Request) {
	s.pushes.RLock()
	defer s.pushes.RUnlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // who pushed is gone already
	}
	out := r.Clone(context.WithoutCancel(r.Context()))
	out.URL.Scheme, out.URL.Host, out.Host, out.RequestURI = s.target.Scheme, s.target.Host, "", ""
	out.Body, out.ContentLength, out.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	response, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(answer) // who pushed may be gone
}

// idle waits until no push is under way: to have had the lock is all.
func (s *shelter) idle() {
	s.pushes.Lock()
	defer s.pushes.Unlock()
}

// before gives repositories as they are reached through the shelter.
func (s *shelter) before(repos []served) []served {
	for i := range repos {
		repos[i].URL = strings.Replace(repos[i].URL, s.target.String(), s.url, 1)
		repos[i].gitea = s.url
	}
	return repos
}
