package releasenotes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/releasenotes"
)

func TestFind(t *testing.T) {
	for _, test := range []struct {
		kind                   releasenotes.Kind
		compare, page, request string
	}{
		{releasenotes.GitHub, "/compare/v1.0.0...v1.2.0", "/releases/tag/v1.2.0", "/api/repos/acme/web/releases?page=1&per_page=30"},
		{releasenotes.GitLab, "/-/compare/v1.0.0...v1.2.0", "/-/releases/v1.2.0", "/api/projects/acme%2Fweb/releases?page=1&per_page=30"},
		{releasenotes.Gitea, "/compare/v1.0.0...v1.2.0", "/releases/tag/v1.2.0", "/api/repos/acme/web/releases?draft=false&limit=30&page=1"},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			h := serve(t, test.kind)
			h.releases = []string{"v1.3.0", "v1.2.0", "v1.2.0-draft", "v1.1.0", "v1.0.0", "v0.9.0"}
			got := h.finder(t).Find(t.Context(), step("1.0.0", "1.2.0"))
			const page = "http://git.example.com/acme/web"
			at := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
			want := releasenotes.Found{
				Source: page, Compare: page + test.compare,
				Releases: []releasenotes.Release{
					{Tag: "v1.2.0", Title: "Release v1.2.0", URL: page + test.page, Notes: "notes", At: at},
					{Tag: "v1.1.0", Title: "Release v1.1.0", URL: strings.Replace(page+test.page, "1.2.0", "1.1.0", 1), Notes: "notes", At: at.AddDate(0, 0, -2)},
				},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.request}, h.takeAsked()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTags: a version is released under many names.
func TestTags(t *testing.T) {
	version := func(of *releasenotes.Image, v string) { of.Labels[releasenotes.LabelVersion] = v }
	for _, test := range []struct {
		name          string
		releases      []string
		q             releasenotes.Query
		want, compare string
	}{
		{"as they are", []string{"1.2.0", "1.1.0"}, step("1.1.0", "1.2.0"), "1.2.0", "1.1.0...1.2.0"},
		{"with v", []string{"v1.2.0", "v1.1.0"}, step("1.1.0", "1.2.0"), "v1.2.0", "v1.1.0...v1.2.0"},
		{"without v", []string{"1.2.0", "1.1.0"}, step("v1.1.0", "v1.2.0"), "1.2.0", "1.1.0...1.2.0"},
		{"both", []string{"v1.2.0", "1.2.0", "v1.1.0"}, step("1.1.0", "1.2.0"), "v1.2.0", "v1.1.0...v1.2.0"},
		{"with a suffix", []string{"v1.2.0", "v1.1.5", "v1.1.0"}, step("1.1.0-alpine3.19", "1.2.0-alpine3.20"), "v1.2.0 v1.1.5", "v1.1.0...v1.2.0"},
		{"a prerelease is no suffix", []string{"v1.2.0", "v1.2.0-rc.2", "v1.2.0-rc.1"}, step("1.2.0-rc.1", "1.2.0-rc.2"), "v1.2.0-rc.2", "v1.2.0-rc.1...v1.2.0-rc.2"},
		{"by labels", []string{"v1.2.0", "v1.1.0"}, step("stable-1", "stable-2", func(q *releasenotes.Query) { version(&q.From, "v1.1.0"); version(&q.To, "1.2.0") }), "v1.2.0", "v1.1.0...v1.2.0"},
		{"by digest", []string{"v1.2.0", "v1.1.0"}, step("", "", func(q *releasenotes.Query) { version(&q.From, "1.1.0"); version(&q.To, "1.2.0") }), "v1.2.0", "v1.1.0...v1.2.0"},
		{"the image's name", []string{"api-1.2.0", "web-1.2.0", "api-1.1.0", "web-1.1.0"}, step("1.1.0", "1.2.0"), "web-1.2.0", "web-1.1.0...web-1.2.0"},
		{"the image's folder", []string{"api/v1.3.0", "web/v1.2.0", "web/v1.1.5", "web/v1.1.0"}, step("v1.1.0", "v1.2.0"), "web/v1.2.0 web/v1.1.5", "web/v1.1.0...web/v1.2.0"},
		{"the name with @", []string{"web@1.2.0", "web@1.1.0"}, step("1.1.0", "1.2.0"), "web@1.2.0", "web@1.1.0...web@1.2.0"},
		{"the project's name", []string{"Web-1.2.0"}, step("1.1.0", "1.2.0", func(q *releasenotes.Query) { q.Image = "other" }), "Web-1.2.0", ""},
		{"release-", []string{"release-1.2.0", "release-1.1.0"}, step("1.1.0", "1.2.0"), "release-1.2.0", "release-1.1.0...release-1.2.0"},
		{"of others only", []string{"api-1.2.0", "api-1.1.0"}, step("1.1.0", "1.2.0"), "", ""},
		{"alone before with a name", []string{"web-1.2.0", "v1.2.0", "web-1.1.0", "v1.1.0"}, step("1.1.0", "1.2.0"), "v1.2.0", "v1.1.0...v1.2.0"},
		{"not released", []string{"v1.1.0"}, step("1.1.0", "1.2.0"), "", ""},
		{"the old one isn't released", []string{"v1.2.0", "v1.1.5", "v1.0.0"}, step("1.1.0", "1.2.0"), "v1.2.0 v1.1.5", ""},
		{"of another line", []string{"v1.9.9", "v2.1.0", "v1.9.8", "v2.0.0"}, step("2.0.0", "2.1.0"), "v2.1.0", "v2.0.0...v2.1.0"},
		{"in disorder", []string{"v1.1.1", "v1.2.0", "v1.1.2", "v1.1.0"}, step("1.1.0", "1.2.0"), "v1.2.0 v1.1.2 v1.1.1", "v1.1.0...v1.2.0"},
		{"prereleases between", []string{"v1.2.0", "v1.2.0-rc.1", "v1.1.9-pre", "v1.1.5", "v1.1.0"}, step("1.1.0", "1.2.0"), "v1.2.0 v1.1.5", "v1.1.0...v1.2.0"},
		{"back", []string{"v1.2.0", "v1.1.5", "v1.1.0"}, step("1.2.0", "1.1.0"), "v1.1.0", "v1.2.0...v1.1.0"},
		{"a part of the version", []string{"v1.2.1", "v1.2.0", "v1.1.0"}, step("1.1", "1.2"), "", ""},
		{"no numbers to compare", []string{"RELEASE.2026-03-01T00", "RELEASE.2026-02-01T00", "RELEASE.2026-01-01T00"},
			step("RELEASE.2026-01-01T00", "RELEASE.2026-03-01T00"), "RELEASE.2026-03-01T00 RELEASE.2026-02-01T00", "RELEASE.2026-01-01T00...RELEASE.2026-03-01T00"},
		{"no numbers, old one unknown", []string{"RELEASE.2026-03-01T00", "RELEASE.2026-02-01T00"}, step("RELEASE.2025-01-01T00", "RELEASE.2026-03-01T00"), "RELEASE.2026-03-01T00", ""},
		{"names", []string{"jammy", "focal"}, step("focal", "jammy"), "jammy", "focal...jammy"},
		{"tags that break out", []string{"v1.2.0", "../../../x", "v1.1.0\n", "v1.1.0?x"}, step("1.1.0", "1.2.0"), "v1.2.0", ""},
		{"many", countdown(20, 0), step("1.0.0", "1.20.0"), strings.Join(countdown(20, 11), " ") + " more", "v1.0.0...v1.20.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, releasenotes.GitHub)
			h.releases = test.releases
			got := h.finder(t).Find(t.Context(), test.q)
			if diff := cmp.Diff(test.want, tagsOf(got)); diff != "" {
				t.Errorf("releases (-want +got):\n%s", diff)
			}
			want := ""
			if test.compare != "" {
				want = "http://git.example.com/acme/web/compare/" + test.compare
			}
			if got.Compare != want {
				t.Errorf("compare is %q, want %q", got.Compare, want)
			}
		})
	}
}

// TestRequests: what is asked for, and no more.
func TestRequests(t *testing.T) {
	commit := func(q *releasenotes.Query) {
		q.From.Labels[releasenotes.LabelRevision], q.To.Labels[releasenotes.LabelRevision] = "0123abc", strings.Repeat("F", 40)
	}
	byCommit := "0123abc..." + strings.Repeat("f", 40)
	for _, test := range []struct {
		name            string
		releases, tags  []string
		q               releasenotes.Query
		found, compare  string
		releasesAsked   int
		tagsAskedBeside int
	}{
		{"both on the first page", countdown(99, 0), nil, step("1.90.0", "1.91.0"), "v1.91.0", "v1.90.0...v1.91.0", 1, 0},
		{"on the second", countdown(99, 0), nil, step("1.60.0", "1.61.0"), "v1.61.0", "v1.60.0...v1.61.0", 2, 0},
		{"too far", countdown(99, 0), []string{"v1.10.0", "v1.11.0"}, step("1.10.0", "1.11.0"), "", "v1.10.0...v1.11.0", 2, 1},
		{"too far, by commits", countdown(99, 0), nil, step("1.0.0", "1.1.0", commit), "", byCommit, 3, 0},
		{"third, by commits", countdown(99, 0), nil, step("1.20.0", "1.21.0", commit), "v1.21.0", byCommit, 3, 0},
		{"no end", countdown(99, 0), []string{"v1.0.0", "v1.99.0"}, step("1.0.0", "1.99.0"), strings.Join(countdown(99, 90), " ") + " more", "v1.0.0...v1.99.0", 2, 1},
		{"tags alone", nil, []string{"v1.1.0", "v1.0.0"}, step("1.0.0", "1.1.0"), "", "v1.0.0...v1.1.0", 1, 1},
		{"half of the tags", nil, []string{"v1.1.0"}, step("1.0.0", "1.1.0"), "", "", 1, 1},
		{"by commits", nil, nil, step("1.0.0", "1.1.0", commit), "", byCommit, 1, 0},
		{"the same commit", []string{"v1.0.0"}, nil, step("1.0.0", "1.0.0", commit, func(q *releasenotes.Query) { q.From.Labels[releasenotes.LabelRevision] = strings.Repeat("f", 40) }), "v1.0.0", "", 1, 0},
		{"moved", []string{"v1.1.0"}, nil, step("1.0.0", "1.1.0", commit, func(q *releasenotes.Query) { q.From.Labels[releasenotes.LabelSource] = "git.example.com/acme/old" }), "v1.1.0", "", 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, releasenotes.GitLab)
			h.releases, h.tags = test.releases, test.tags
			finder := h.finder(t)
			got := finder.Find(t.Context(), test.q)
			if diff := cmp.Diff(test.found, tagsOf(got)); diff != "" {
				t.Errorf("releases (-want +got):\n%s", diff)
			}
			if _, compare, _ := strings.Cut(got.Compare, "/-/compare/"); compare != test.compare {
				t.Errorf("compare is %q, want %q", compare, test.compare)
			}
			asked := map[bool]int{}
			for _, request := range h.takeAsked() {
				asked[strings.Contains(request, "/repository/tags")]++
			}
			if asked[false] != test.releasesAsked || asked[true] != test.tagsAskedBeside {
				t.Errorf("asked %d times for releases, %d for tags", asked[false], asked[true])
			}
			again := finder.Find(t.Context(), test.q)
			if diff := cmp.Diff(got, again); diff != "" || len(h.takeAsked()) > 0 {
				t.Errorf("it isn't remembered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMemoryEnds(t *testing.T) {
	h := serve(t, releasenotes.GitHub)
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	finder := h.finder(t, func(c *releasenotes.Config) { c.Now = func() time.Time { return now } })
	find := func(want string, asks bool) {
		t.Helper()
		if got := tagsOf(finder.Find(t.Context(), step("1.0.0", "1.1.0"))); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
		if got := len(h.takeAsked()) > 0; got != asks {
			t.Errorf("asked: %v, want %v", got, asks)
		}
	}
	find("", true)
	h.releases = []string{"v1.1.0", "v1.0.0"}
	find("", false)
	now = now.Add(11 * time.Minute) // the notes are written after the image was pushed
	find("v1.1.0", true)
	now = now.Add(5 * time.Hour)
	find("v1.1.0", false)
	now = now.Add(2 * time.Hour)
	find("v1.1.0", true)
	for i := range 300 {
		finder.Find(t.Context(), step("1.0.0", "2.0."+string(rune('a'+i%26))+strings.Repeat("x", i/26)))
	}
	h.takeAsked()
	find("v1.1.0", false) // kept longer than what wasn't found
}
