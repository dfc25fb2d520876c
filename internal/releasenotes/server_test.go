package releasenotes_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/releasenotes"
)

// host answers as a host of the kind documents it, for one project.
type host struct {
	*httptest.Server
	kind     releasenotes.Kind
	releases []string // tags, newest first; a "-draft" and "-pre" at the end say so
	tags     []string
	notes    string
	answer   func(w http.ResponseWriter, r *http.Request) bool // answers in place of the host

	mu    sync.Mutex
	asked []string
	auth  []string
}

const project = "acme/web"

func serve(t *testing.T, kind releasenotes.Kind) *host {
	t.Helper()
	h := &host{kind: kind, notes: "notes"}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked, h.auth = append(h.asked, r.URL.RequestURI()), append(h.auth, r.Header.Get("Authorization"))
	h.mu.Unlock()
	if h.answer != nil && h.answer(w, r) {
		return
	}
	prefix, count := "/api/repos/"+project, "per_page"
	releases, tags := prefix+"/releases", prefix+"/tags"
	switch h.kind {
	case releasenotes.GitLab:
		prefix = "/api/projects/" + strings.ReplaceAll(project, "/", "%2F")
		releases, tags = prefix+"/releases", prefix+"/repository/tags"
	case releasenotes.Gitea:
		count = "limit"
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	per, _ := strconv.Atoi(r.URL.Query().Get(count))
	var all []any
	switch r.URL.EscapedPath() {
	case releases:
		for i, tag := range h.releases {
			all = append(all, h.release(tag, i))
		}
	case tags:
		for _, tag := range h.tags {
			all = append(all, map[string]any{"name": tag, "commit": map[string]any{"sha": "x"}})
		}
	default:
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
		return
	}
	first := min((page-1)*per, len(all))
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(all[first:min(first+per, len(all))]); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (h *host) release(tag string, i int) any {
	name, at := "Release "+tag, time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -i)
	if h.kind == releasenotes.GitLab {
		upcoming := strings.HasSuffix(tag, "-draft")
		return map[string]any{"tag_name": tag, "name": name, "description": h.notes, "released_at": at, "created_at": at, "upcoming_release": upcoming,
			"assets": map[string]any{"count": 1}, "_links": map[string]any{"self": "https://evil.example"}}
	}
	return map[string]any{"tag_name": tag, "name": name, "body": h.notes, "published_at": at, "created_at": at, "html_url": "https://evil.example",
		"draft": strings.HasSuffix(tag, "-draft"), "prerelease": strings.HasSuffix(tag, "-pre"), "author": nil, "assets": []any{}}
}

// takeAsked gives the requests since the last call.
func (h *host) takeAsked() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := h.asked
	h.asked = nil
	return asked
}

// finder asks the host as git.example.com.
func (h *host) finder(t *testing.T, edit ...func(*releasenotes.Config)) *releasenotes.Finder {
	t.Helper()
	cfg := releasenotes.Config{
		Hosts:   []releasenotes.Host{{Name: "git.example.com", Kind: h.kind, API: h.URL + "/api"}},
		Timeout: time.Minute,
	}
	for _, f := range edit {
		f(&cfg)
	}
	finder, err := releasenotes.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return finder
}

// step is from one tag to another of an image that names the project.
func step(from, to string, edit ...func(*releasenotes.Query)) releasenotes.Query {
	labels := func() map[string]string {
		return map[string]string{releasenotes.LabelSource: "https://git.example.com/" + project}
	}
	q := releasenotes.Query{
		Image: "registry.example.com/acme/web",
		From:  releasenotes.Image{Tag: from, Labels: labels()}, To: releasenotes.Image{Tag: to, Labels: labels()},
	}
	for _, f := range edit {
		f(&q)
	}
	return q
}

// tagsOf gives the tags of what was found.
func tagsOf(found releasenotes.Found) string {
	var tags []string
	for _, r := range found.Releases {
		tags = append(tags, r.Tag)
	}
	if found.More {
		tags = append(tags, "more")
	}
	return strings.Join(tags, " ")
}

// countdown gives tags such as v1.9.0 to v1.0.0.
func countdown(from, to int) (tags []string) {
	for i := from; i >= to; i-- {
		tags = append(tags, fmt.Sprintf("v1.%d.0", i))
	}
	return tags
}
