package registrytest

import (
	"maps"
	"net/http"
	"strings"
	"sync"
)

// Kind is what a request is about.
type Kind string

// The kinds of requests that are told apart.
const (
	KindPing         Kind = "ping"          // /v2/
	KindToken        Kind = "token"         // /token
	KindTags         Kind = "tags"          // a page of a list of tags
	KindManifestHead Kind = "manifest-head" // a digest
	KindManifest     Kind = "manifest"      // reading a manifest
	KindPush         Kind = "push"          // writing a manifest or a blob
	KindBlob         Kind = "blob"          // reading a blob
	KindOther        Kind = "other"
)

func kindOf(r *http.Request) Kind {
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch path := r.URL.Path; {
	case path == "/token":
		return KindToken
	case path == "/v2/" || path == "/v2":
		return KindPing
	case !strings.HasPrefix(path, "/v2/"):
		return KindOther
	case strings.HasSuffix(path, "/tags/list"):
		return KindTags
	case !reading:
		return KindPush
	case strings.Contains(path, "/manifests/") && r.Method == http.MethodHead:
		return KindManifestHead
	case strings.Contains(path, "/manifests/"):
		return KindManifest
	case strings.Contains(path, "/blobs/"):
		return KindBlob
	}
	return KindOther
}

// repositoryOf gives NAME of /v2/NAME/{manifests,blobs,tags}/…; "" for other paths.
func repositoryOf(path string) string {
	name, found := strings.CutPrefix(path, "/v2/")
	if !found {
		return ""
	}
	for _, part := range []string{"/manifests/", "/blobs/", "/tags/"} {
		if i := strings.LastIndex(name, part); i > 0 {
			return name[:i]
		}
	}
	return ""
}

type counts struct {
	mu     sync.Mutex
	byKind map[Kind]int
}

func (c *counts) add(k Kind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byKind[k]++
}

// Requests returns how many requests of each kind have come, failed ones too.
func (s *Server) Requests() map[Kind]int {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	return maps.Clone(s.counts.byKind)
}

// ResetRequests sets all counters to zero.
func (s *Server) ResetRequests() {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	clear(s.counts.byKind)
}
