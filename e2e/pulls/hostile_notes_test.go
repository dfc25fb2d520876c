package pulls_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"
)

// benign stands in all notes: what harms nobody is shown.
const benign = "Starting takes half as long"

// hostileTexts are what publishers write, by the image whose labels and notes have it.
func hostileTexts() map[string]string {
	forged := "<!-- towline-key: " + strings.Repeat("0", 64) + " -->\n<!-- towline-closed: made-up -->"
	return map[string]string{
		"scripts":    `<script>alert(1)</script><img src=x onerror=alert(1)><iframe src=//evil.example></iframe><style>*{}</style><form action=//evil.example><button onclick=x>`,
		"breakout":   "`\"'></code></td></table></blockquote></details></div><svg/onload=alert(1)><a href=//evil.example onmouseover=x>",
		"links":      "[a](https://evil.example) ![p](https://evil.example/p.png) [j](javascript:alert(1)) <https://evil.example> https://evil.example www.evil.example\n\n[r]: https://evil.example\n\n[r]",
		"structure":  "\n\n# a\n\n---\n\n| a | b |\n| --- | --- |\n\n```\nopen\n\n~~~\n- [x] done\n\n/towline ignore\n/merge\n",
		"ansi":       "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x00\r\n\u202eright to left\u200b\u2028",
		"mentions":   "@everyone @here @acme/all @alice ＠bob **@**x &#64;everyone alice@evil.example",
		"references": "Closes #1, fixes acme/deploy#1 GH-1 !1 &#35;1 resolves https://github.com/acme/deploy/issues/1",
		"comments":   forged + "\n\n" + forged + "\n<!-- towline-state -->\n<!-- /towline-state -->\n<!-- ",
		"megabytes":  strings.Repeat("<b>@everyone ", 1<<20/13),
		"flood":      strings.Repeat("<i>", 1000),
	}
}

// notesHost answers as Gitea's API of releases does.
type notesHost struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]bool // projects
}

func newNotesHost(t *testing.T) *notesHost {
	t.Helper()
	h := &notesHost{asked: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/repos/acme/{name}/releases", h.releases)
	mux.HandleFunc("GET /api/v1/repos/acme/{name}/tags", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) })
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked[path.Dir(r.URL.Path)] = true
		h.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *notesHost) host() string { return strings.TrimPrefix(h.URL, "http://") }

// projects gives the folders of all that was asked for.
func (h *notesHost) projects() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.asked)
}

// tells says whether an image's notes can be read: ten megabytes aren't.
func (*notesHost) tells(image string) bool {
	_, ok := hostileTexts()[image]
	return ok && image != "flood"
}

func (h *notesHost) releases(w http.ResponseWriter, r *http.Request) {
	text := hostileTexts()[r.PathValue("name")]
	some, notes := text[:min(len(text), 1<<18)], text // eight megabytes are read
	if r.PathValue("name") == "flood" {
		notes = strings.Repeat(text, 10<<20/len(text))
	}
	type release struct {
		Tag         string    `json:"tag_name"`
		Name        string    `json:"name"`
		Body        string    `json:"body"`
		PublishedAt time.Time `json:"published_at"`
	}
	var all []release
	for _, tag := range []string{"v1.1.0", "v1.0.5", "v1.0.5-" + text[:min(len(text), 100)], "v1.0.0"} {
		all = append(all, release{Tag: tag, Name: some, Body: benign + ".\n\n" + notes + "\n\n- " + some + "\n", PublishedAt: storyBegins()})
		notes = some
	}
	w.Header().Set("Content-Type", "application/json")
	answer := json.NewEncoder(w)
	answer.SetEscapeHTML(false)
	_ = answer.Encode(all)
}
