package releasenotes_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/releasenotes"
	"github.com/towline-dev/towline/internal/secret"
)

// recorder answers nothing, and keeps which hosts would have been called.
type recorder struct{ called []string }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.called = append(r.called, req.URL.Scheme+"://"+req.URL.Host+req.URL.EscapedPath())
	return nil, errors.New("nobody is asked in this test")
}

// TestSources: an image may name anything as its source, and only known hosts are asked
// for a project of plain parts.
func TestSources(t *testing.T) {
	const github, gitlab, codeberg = "https://api.github.com/repos/", "https://gitlab.com/api/v4/projects/", "https://codeberg.org/api/v1/repos/"
	for _, test := range []struct{ source, asked, page string }{
		{"https://github.com/acme/web", github + "acme/web/releases", "https://github.com/acme/web"},
		{"https://github.com/acme/web.git", github + "acme/web/releases", "https://github.com/acme/web"},
		{"https://GitHub.com:443/acme/web/", github + "acme/web/releases", "https://github.com/acme/web"},
		{"http://github.com/acme/web/tree/main/cmd#readme", github + "acme/web/releases", "https://github.com/acme/web"},
		{"git+https://github.com/acme/web", github + "acme/web/releases", "https://github.com/acme/web"},
		{"git@github.com:acme/web.git", github + "acme/web/releases", "https://github.com/acme/web"},
		{"ssh://git@github.com:22/acme/web", github + "acme/web/releases", "https://github.com/acme/web"},
		{"github.com/acme/web", github + "acme/web/releases", "https://github.com/acme/web"},
		{" https://codeberg.org/acme/web ", codeberg + "acme/web/releases", "https://codeberg.org/acme/web"},
		{"https://gitlab.com/acme/team/web/-/tree/main", gitlab + "acme%2Fteam%2Fweb/releases", "https://gitlab.com/acme/team/web"},
		{"https://gitlab.com/acme/web/tree/main/x", gitlab + "acme%2Fweb/releases", "https://gitlab.com/acme/web"},

		{"", "", ""},
		{"https://github.com", "", ""},
		{"https://github.com/acme", "", ""},
		{"https://github.com/../../user/repos", "", ""},
		{"https://github.com/acme/..", "", ""},
		{"https://github.com/acme/%2e%2e/", "", ""},
		{"https://github.com/acme/web%3fx=y", "", ""},
		{"https://github.com/acme/%2e%2e%2f%2e%2e%2fuser", "", ""},
		{"https://github.com/acme/web\nHost: evil.example", "", ""},
		{"https://github.com@evil.example/acme/web", "", ""},
		{"https://github.com.evil.example/acme/web", "", ""},
		{"https://evil.example/github.com/acme/web", "", ""},
		{"https://gіthub.com/acme/web", "", ""},
		{"https://github.com:8443/acme/web", "", ""},
		{"https://github.com./acme/web", "", ""},
		{"https://api.github.com/repos/acme/web", "", ""},
		{"http://169.254.169.254/latest/meta-data", "", ""},
		{"http://localhost:8080/acme/web", "", ""},
		{"http://[::1]/acme/web", "", ""},
		{"file:///etc/passwd", "", ""},
		{"gopher://127.0.0.1/x/y", "", ""},
		{"javascript:alert(1)", "", ""},
		{"https://github.com/acme/" + strings.Repeat("x", 1000), "", ""},
	} {
		t.Run(fmt.Sprintf("%.60q", test.source), func(t *testing.T) {
			record := &recorder{}
			finder, err := releasenotes.New(releasenotes.Config{Hosts: releasenotes.DefaultHosts(), Transport: record})
			if err != nil {
				t.Fatal(err)
			}
			labels := map[string]string{releasenotes.LabelSource: test.source}
			found := finder.Find(t.Context(), releasenotes.Query{From: releasenotes.Image{Tag: "1", Labels: labels}, To: releasenotes.Image{Tag: "2", Labels: labels}})
			if got := strings.Join(record.called, " "); got != test.asked {
				t.Errorf("asked %s, want %s", got, test.asked)
			}
			if found.Source != test.page || found.Compare != "" || found.Releases != nil {
				t.Errorf("found %+v, want the page %q", found, test.page)
			}
		})
	}
}

func TestOtherLabels(t *testing.T) {
	for _, test := range []struct {
		name          string
		labels        map[string]string
		page, claimed string
	}{
		{"url", map[string]string{releasenotes.LabelURL: "https://github.com/acme/web"}, "https://github.com/acme/web", ""},
		{"documentation", map[string]string{releasenotes.LabelURL: "https://web.example", releasenotes.LabelDocumentation: "https://github.com/acme/web/blob/main/README.md"}, "https://github.com/acme/web", ""},
		{"source first", map[string]string{releasenotes.LabelSource: "https://github.com/acme/src", releasenotes.LabelURL: "https://github.com/acme/web"}, "https://github.com/acme/src", ""},
		{"source elsewhere", map[string]string{releasenotes.LabelSource: "https://git.elsewhere.example/acme/src", releasenotes.LabelURL: "https://github.com/acme/web"}, "", "https://git.elsewhere.example/acme/src"},
		{"no address", map[string]string{releasenotes.LabelSource: "our own"}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			finder, err := releasenotes.New(releasenotes.Config{Hosts: releasenotes.DefaultHosts(), Transport: &recorder{}})
			if err != nil {
				t.Fatal(err)
			}
			found := finder.Find(t.Context(), releasenotes.Query{To: releasenotes.Image{Tag: "2", Labels: test.labels}})
			if found.Source != test.page || found.Claimed != test.claimed {
				t.Errorf("found %+v, want page %q, claimed %q", found, test.page, test.claimed)
			}
		})
	}
}

// TestBadAnswers: whatever a host does, what was known before stays, and nothing hangs.
func TestBadAnswers(t *testing.T) {
	elsewhere := serve(t, releasenotes.GitHub)
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request) bool
		asked  int
	}{
		{"error", func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }, 1},
		{"login page", func(w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, "<html>"); return true }, 1},
		{"another shape", func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `{"tag_name":"v1.1.0"}`)
			return true
		}, 1},
		{"strange releases", func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `[null,{},{"tag_name":""},{"tag_name":"v1.1.0","published_at":null,"body":null},5]`)
			return true
		}, 1},
		{"endless", func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.WriteString(w, `[{"tag_name":"v1.1.0","body":"`)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
					return true
				}
			}
			return true
		}, 1},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `[{"tag_name":"v1.1.0"}`)
			return true
		}, 1},
		{"redirect to another host", func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Location", elsewhere.URL+r.URL.RequestURI())
			w.WriteHeader(http.StatusFound)
			return true
		}, 1},
		{"redirect in circles", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/api/x", http.StatusMovedPermanently)
			return true
		}, 3},
		{"redirect to nowhere", func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusFound); return true }, 1},
		{"never answers", func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, releasenotes.GitHub)
			h.answer = test.answer
			finder := h.finder(t, func(c *releasenotes.Config) { c.Timeout = 2 * time.Second })
			found := finder.Find(t.Context(), step("1.0.0", "1.1.0", func(q *releasenotes.Query) {
				q.From.Labels[releasenotes.LabelRevision], q.To.Labels[releasenotes.LabelRevision] = "0123abc", "4567def"
			}))
			const page = "http://git.example.com/acme/web"
			want := releasenotes.Found{Source: page, Compare: page + "/compare/0123abc...4567def"}
			found.More = false
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if got := len(h.takeAsked()); got != test.asked {
				t.Errorf("asked %d times, want %d", got, test.asked)
			}
			if got := elsewhere.takeAsked(); len(got) > 0 {
				t.Errorf("another host was asked: %v", got)
			}
		})
	}
}

// TestRenamedProject: GitHub sends those on who ask by the old name.
func TestRenamedProject(t *testing.T) {
	h := serve(t, releasenotes.GitHub)
	h.releases = []string{"v1.1.0", "v1.0.0"}
	h.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/api/repos/acme/old/") {
			w.Header().Set("Location", strings.Replace(r.URL.RequestURI(), "/old/", "/web/", 1))
			w.WriteHeader(http.StatusMovedPermanently)
			return true
		}
		return false
	}
	q := step("1.0.0", "1.1.0")
	q.From.Labels[releasenotes.LabelSource] = "https://git.example.com/acme/old"
	q.To.Labels[releasenotes.LabelSource] = "https://git.example.com/acme/old"
	if got := tagsOf(h.finder(t).Find(t.Context(), q)); got != "v1.1.0" {
		t.Errorf("found %q", got)
	}
}

// TestLimits: a spent limit keeps from asking until it begins anew.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		header map[string]string
		waits  time.Duration
	}{
		{"Retry-After", http.StatusTooManyRequests, map[string]string{"Retry-After": "90"}, 90 * time.Second},
		{"secondary", http.StatusForbidden, map[string]string{"Retry-After": "90"}, 90 * time.Second},
		{"GitHub's", http.StatusForbidden, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1777594200"}, 10 * time.Minute},
		{"GitLab's", http.StatusTooManyRequests, map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "1777594200"}, 10 * time.Minute},
		{"the last one", http.StatusOK, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1777594200"}, 10 * time.Minute},
		{"not said", http.StatusTooManyRequests, nil, 5 * time.Minute},
		{"absurd", http.StatusTooManyRequests, map[string]string{"Retry-After": "99999999999"}, time.Hour},
		{"long ago", http.StatusForbidden, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"}, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, releasenotes.GitHub)
			h.releases = []string{"v1.1.0", "v1.0.0"}
			limited := true
			h.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				if !limited {
					return false
				}
				for name, value := range test.header {
					w.Header().Set(name, value)
				}
				if test.status != http.StatusOK {
					w.WriteHeader(test.status)
				}
				return test.status != http.StatusOK
			}
			now := time.Unix(1777593600, 0)
			finder := h.finder(t, func(c *releasenotes.Config) { c.Now = func() time.Time { return now } })
			find := func(to string) (string, int) {
				return tagsOf(finder.Find(t.Context(), step("1.0.0", to))), len(h.takeAsked())
			}
			want := map[bool]string{true: "v1.1.0"}[test.status == http.StatusOK]
			if got, asked := find("1.1.0"); got != want || asked != 1 {
				t.Errorf("found %q by %d requests", got, asked)
			}
			limited = false
			now = now.Add(test.waits - time.Millisecond)
			if got, asked := find("1.0.5"); asked != 0 {
				t.Errorf("within the limit: found %q by %d requests", got, asked)
			}
			now = now.Add(time.Millisecond)
			again := map[bool]int{true: 1}[test.status != http.StatusOK] // what was found is remembered
			if got, asked := find("v1.1.0"); got != "v1.1.0" || asked != again {
				t.Errorf("afterwards: found %q by %d requests, want %d", got, asked, again)
			}
			if got, asked := find("1.0.5"); asked == 0 {
				t.Errorf("afterwards: found %q by no request", got)
			}
		})
	}
}

// TestFailingHost: what doesn't answer isn't waited for again at once.
func TestFailingHost(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"503": func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true },
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, releasenotes.GitHub)
			var well atomic.Bool
			h.releases = []string{"v1.1.0", "v1.0.0"}
			h.answer = func(w http.ResponseWriter, r *http.Request) bool { return !well.Load() && answer(w, r) }
			now := time.Unix(1777593600, 0)
			finder := h.finder(t, func(c *releasenotes.Config) {
				c.Now, c.Timeout = func() time.Time { return now }, 200*time.Millisecond
			})
			finder.Find(t.Context(), step("1.0.0", "1.1.0"))
			finder.Find(t.Context(), step("1.0.0", "1.0.5"))
			if got := len(h.takeAsked()); got != 1 {
				t.Errorf("asked %d times, want 1", got)
			}
			well.Store(true)
			now = now.Add(time.Minute)
			if found := finder.Find(t.Context(), step("1.0.0", "1.0.5")); len(h.takeAsked()) == 0 || found.Source == "" {
				t.Errorf("afterwards nobody is asked: %+v", found)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	for kind, want := range map[releasenotes.Kind]string{releasenotes.GitHub: "Bearer s3cret", releasenotes.GitLab: "Bearer s3cret", releasenotes.Gitea: "token s3cret"} {
		h, other := serve(t, kind), serve(t, kind)
		finder, err := releasenotes.New(releasenotes.Config{Hosts: []releasenotes.Host{
			{Name: "git.example.com", Kind: kind, API: h.URL + "/api", Token: func(context.Context) (secret.String, error) { return secret.New("s3cret"), nil }},
			{Name: "other.example.com", Kind: kind, API: other.URL + "/api"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		finder.Find(t.Context(), step("1", "2"))
		finder.Find(t.Context(), step("1", "2", func(q *releasenotes.Query) {
			q.To.Labels[releasenotes.LabelSource] = "https://other.example.com/acme/web"
		}))
		if len(h.auth) == 0 || h.auth[0] != want || len(other.auth) == 0 || other.auth[0] != "" {
			t.Errorf("%s: signed in with %q, at the other with %q", kind, h.auth, other.auth)
		}
	}
	h := serve(t, releasenotes.GitHub)
	finder := h.finder(t, func(c *releasenotes.Config) {
		c.Hosts[0].Token = func(context.Context) (secret.String, error) { return secret.String{}, errors.New("no such file") }
	})
	if found := finder.Find(t.Context(), step("1", "2")); found.Source == "" || len(h.takeAsked()) > 0 {
		t.Errorf("without its token: %+v", found)
	}
}

func TestLargeNotesAreCut(t *testing.T) {
	h := serve(t, releasenotes.Gitea)
	h.releases, h.notes = []string{"v1.1.0"}, strings.Repeat("é", 1<<20)
	found := h.finder(t).Find(t.Context(), step("1.0.0", "1.1.0"))
	if len(found.Releases) != 1 || len(found.Releases[0].Notes) != 16<<10 {
		t.Errorf("%d releases, notes of %d bytes", len(found.Releases), len(found.Releases[0].Notes))
	}
}

func TestNew(t *testing.T) {
	for _, test := range []struct{ name, host, api, want string }{
		{"no name", "", "", "isn't a host"},
		{"a path", "git.example.com/x", "", "isn't a host"},
		{"credentials", "user@git.example.com", "", "isn't a host"},
		{"API with credentials", "git.example.com", "https://a:b@git.example.com", "without credentials"},
		{"API of another scheme", "git.example.com", "ftp://git.example.com", "isn't an http"},
	} {
		_, err := releasenotes.New(releasenotes.Config{Hosts: []releasenotes.Host{{Name: test.host, Kind: releasenotes.Gitea, API: test.api}}})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: the error is %v, want %q in it", test.name, err, test.want)
		}
	}
	if _, err := releasenotes.New(releasenotes.Config{Hosts: []releasenotes.Host{{Name: "git.example.com", Kind: "svn"}}}); err == nil {
		t.Error("an unknown kind is no error")
	}
	if _, err := releasenotes.New(releasenotes.Config{Hosts: append(releasenotes.DefaultHosts(), releasenotes.Host{Name: "GitHub.com", Kind: releasenotes.GitHub})}); err == nil {
		t.Error("a host given twice is no error")
	}
}
