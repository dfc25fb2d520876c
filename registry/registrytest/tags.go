package registrytest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// index knows the tags of each repository, sorted. The wrapped registry cuts
// lists at n and gives no Link, so that a client believes it has seen them all.
type index struct {
	mu   sync.RWMutex
	tags map[string][]string
}

func (x *index) add(repository, tag string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if at, found := slices.BinarySearch(x.tags[repository], tag); !found {
		x.tags[repository] = slices.Insert(x.tags[repository], at, tag)
	}
}

func (x *index) remove(repository, tag string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if at, found := slices.BinarySearch(x.tags[repository], tag); found {
		x.tags[repository] = slices.Delete(x.tags[repository], at, at+1)
	}
}

// page returns up to n tags after last (n < 1: all), and whether there are more.
func (x *index) page(repository, last string, n int) (tags []string, more, known bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	tags, known = x.tags[repository]
	if last != "" {
		at, found := slices.BinarySearch(tags, last)
		if found {
			at++
		}
		tags = tags[at:]
	}
	if n > 0 && n < len(tags) {
		tags, more = tags[:n], true
	}
	return slices.Clone(tags), more, known
}

// serveTags answers as the distribution specification says under "Listing Tags".
func (s *Server) serveTags(w http.ResponseWriter, r *http.Request) {
	repository := repositoryOf(r.URL.Path)
	query := r.URL.Query()
	n, last := s.options.PageSize, query.Get("last")
	if asked := query.Get("n"); asked != "" {
		count, err := strconv.Atoi(asked)
		if err != nil || count < 0 {
			refuse(w, http.StatusBadRequest, "PAGINATION_NUMBER_INVALID", "n isn't a number")
			return
		}
		if n == 0 || count < n {
			n = count
		}
	}
	if s.options.IgnorePaging {
		n, last = 0, ""
	}
	tags, more, known := s.index.page(repository, last, n)
	if !known {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	if s.options.IgnorePaging && len(tags) > 0 {
		slices.Reverse(tags)
		tags = append(tags, tags[0])
	}
	if more {
		w.Header().Set("Link", s.link(r, url.Values{"n": {strconv.Itoa(n)}, "last": {tags[len(tags)-1]}}))
	}
	if s.options.ETags {
		etag := entityTag(tags)
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"name": repository, "tags": tags})
}

// entityTag stands for the page's tags, and not for those of other pages.
func entityTag(tags []string) string {
	return fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(strings.Join(tags, "\n"))))
}

func (s *Server) link(r *http.Request, query url.Values) string {
	next := url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	if s.options.AbsoluteLinks {
		next.Scheme, next.Host = scheme(r), r.Host
	}
	return "<" + next.String() + `>; rel="next"`
}

// serveStore hands the request to the wrapped registry and learns from its answer.
func (s *Server) serveStore(w http.ResponseWriter, r *http.Request) {
	status := &statusWriter{ResponseWriter: w}
	s.store.ServeHTTP(status, r)
	_, tag, found := strings.Cut(r.URL.Path, "/manifests/")
	if !found || strings.HasPrefix(tag, "sha256:") {
		return
	}
	repository := repositoryOf(r.URL.Path)
	switch {
	case r.Method == http.MethodPut && status.code == http.StatusCreated:
		s.index.add(repository, tag)
		if s.options.OnEvent != nil {
			s.options.OnEvent(Event{Repository: repository, Tag: tag, Digest: w.Header().Get("Docker-Content-Digest")})
		}
	case r.Method == http.MethodDelete && status.code == http.StatusAccepted:
		s.index.remove(repository, tag)
	}
}

type statusWriter struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// refuse answers with an error document of the distribution specification.
func refuse(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
}

func writeJSON(w http.ResponseWriter, status int, document any) {
	data, err := json.Marshal(document)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client has gone, if this fails
}
