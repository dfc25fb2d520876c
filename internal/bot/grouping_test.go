package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/policy"
)

// majorToo is a policy that takes major updates too.
func majorToo(name string, more ...string) string {
	return strings.Replace(policyOf(name, "ghcr.io/acme/"+name, more...), "range: 1.x", `range: "*"`, 1)
}

// shop is a repository with updates of all levels, in three folders.
func shop(config string) fstest.MapFS {
	return fstest.MapFS{
		".towline.yaml": file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  grouping: " + config + "\n"),
		"policies.yaml": file(strings.Join([]string{
			majorToo("web", "  update: {group: front}"), majorToo("api", "  update: {group: front}"), majorToo("db"),
			majorToo("db-major"), majorToo("told", "  update: {group: front, mode: notify}"),
			"apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: build}\nspec: {image: ghcr.io/acme/build, policy: {alphabetical: {}}}\n",
		}, "---\n")),
		"apps/web.yaml": file(pods("ghcr.io/acme/web:1.0.0", "ghcr.io/acme/api:2.0.0")),
		"apps/old.yaml": file(pods("ghcr.io/acme/web:1.9.0")),
		"data/db.yaml":  file(pods("ghcr.io/acme/db:1.0.0", "ghcr.io/acme/db-major:1.0.0")),
		"told.yaml":     file(pods("ghcr.io/acme/told:1.0.0", "ghcr.io/acme/build:a")),
	}
}

func shopTags() map[string][]string {
	return map[string][]string{
		"ghcr.io/acme/web": {"1.0.0", "1.9.0", "2.1.0"}, "ghcr.io/acme/api": {"2.0.0", "2.0.1"}, "ghcr.io/acme/db": {"1.0.0", "2.0.0"},
		"ghcr.io/acme/db-major": {"1.0.0", "1.1.0"}, "ghcr.io/acme/told": {"1.0.0", "1.1.0"}, "ghcr.io/acme/build": {"a", "b"},
	}
}

func TestGrouping(t *testing.T) {
	const web1, web2, api = "apps/web.yaml web 2.1.0", "apps/old.yaml web 2.1.0", "apps/web.yaml api 2.0.1"
	const db, major, build = "data/db.yaml db 2.0.0", "data/db.yaml db-major 1.1.0", "told.yaml build b"
	for _, tt := range []struct {
		name, config string
		want         map[string][]string
	}{
		{"by policy", "{}", map[string][]string{
			"front": {web2, api, web1}, "db": {db}, "db-major": {major}, "build": {build},
		}},
		{"by policy, major apart, and no two names alike", "{separateMajor: true}", map[string][]string{
			"front": {api}, "front-major": {web2, web1}, "db-major": {db}, "db-major-minor": {major}, "build": {build},
		}},
		{"by directory", "{by: directory}", map[string][]string{
			"apps": {web2, api, web1}, "data": {db, major}, "(root)": {build},
		}},
		{"by directory, major apart", "{by: directory, separateMajor: true}", map[string][]string{
			"apps": {api}, "apps-major": {web2, web1}, "data": {major}, "data-major": {db}, "(root)": {build},
		}},
		{"by level", "{by: level}", map[string][]string{
			"patch-and-minor": {api, major}, "web-major": {web2, web1}, "db-major": {db}, "build-other": {build},
		}},
		{"none", "{by: none}", map[string][]string{
			"web": {web2, web1}, "api": {api}, "db": {db}, "db-major": {major}, "build": {build},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, shop(tt.config), shopTags())
			if err := w.bot.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := map[string][]string{}
			for group, changes := range w.writer.groups {
				for _, c := range changes {
					group := strings.TrimPrefix(group, "towline/")
					got[group] = append(got[group], fmt.Sprintf("%s %s %s", c.File, strings.TrimPrefix(c.Image, "ghcr.io/acme/"), c.To))
				}
			}
			for _, lines := range got {
				slices.Sort(lines)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatIsLookedAtTogether: a group is never looked at in part.
func TestWhatIsLookedAtTogether(t *testing.T) {
	for _, tt := range []struct{ name, config, due, want string }{
		{"a policy alone", "{by: none}", "web", "web"},
		{"a group of policies", "{}", "web", "api web"},
		{"what shares a folder, and what shares one with that", "{by: directory}", "db", "db db-major"},
		{"by levels all may meet", "{by: level}", "db", "api build db db-major web"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var reader bot.Reader
			tree, err := reader.Read(shop(tt.config))
			if err != nil {
				t.Fatal(err)
			}
			together := tree.Together(func(p *policy.Policy) bool { return p.Key() == tt.due })
			var got []string
			for _, p := range tree.Policies {
				if together(p) {
					got = append(got, p.Key())
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("looked at (-want +got):\n%s", diff)
			}
		})
	}
}

// TestModesDontMix: what is committed and what is proposed of one group have names of
// their own, so that nobody takes one for the other.
func TestModesDontMix(t *testing.T) {
	w := newWorld(t, fstest.MapFS{
		"p.yaml": file(majorToo("web", "  update: {group: front}") + "---\n" + majorToo("api", "  update: {group: front, mode: commit}") + "---\n" +
			majorToo("db", "  update: {group: data, mode: commit}")),
		"web.yaml": file(pods("ghcr.io/acme/web:1.0.0", "ghcr.io/acme/api:2.0.0")), "db.yaml": file(pod("ghcr.io/acme/db:1.0.0")),
	}, shopTags())
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for group, changes := range w.writer.groups {
		got = append(got, fmt.Sprintf("%s: %d", group, len(changes)))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"towline/data: 1", "towline/front (commit): 1", "towline/front: 1"}, got); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

// TestADigestGoesWhereItsTagGoes, although its file doesn't say from which tag it comes.
func TestADigestGoesWhereItsTagGoes(t *testing.T) {
	marked := strings.Replace(majorToo("web", "  pin: digest"), "name: web", "name: web, namespace: shop", 1)
	w := newWorld(t, fstest.MapFS{
		".towline.yaml": file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  grouping: {separateMajor: true}\n"),
		"p.yaml":        file(marked),
		"tag.yaml":      file("tag: 1.0.0 # {\"$imagepolicy\": \"shop:web:tag\"}\n"),
		"digest.yaml":   file("digest: sha256:" + strings.Repeat("0", 64) + " # {\"$imagepolicy\": \"shop:web:digest\"}\n"),
	}, map[string][]string{"ghcr.io/acme/web": {"1.0.0", "2.0.0"}})
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(w.writer.groups["towline/shop/web-major"]); n != 2 || len(w.writer.groups) != 1 {
		t.Errorf("written: %+v, want both in one update", w.writer.groups)
	}
}
