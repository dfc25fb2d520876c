package scaffold_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sum = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestMissing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string // key image kind [paths], and the problems
	}{
		{"one image, several places", map[string]string{"a/web.yaml": pod("web:1.2.0"), "b/web.yaml": pod("docker.io/library/web:1.4.0")},
			[]string{"web web semver"}},
		{"several images", map[string]string{"a.yaml": pod("web:1.2.0", "ghcr.io/acme/api:latest")},
			[]string{"api ghcr.io/acme/api digest", "web web semver"}},
		{"files apart", map[string]string{"dev.yaml": pod("web:edge"), "prod.yaml": pod("web:1.2.0", "web:1.3.0")},
			[]string{"web-1 web semver [prod.yaml]", "web-edge web digest [dev.yaml]"}},
		{"major versions apart", map[string]string{"a/db.yaml": pod("db:v14.2"), "b/db.yaml": pod("db:v16.1"), "c/db.yaml": pod("db:v16.3")},
			[]string{"db-14 db semver [a/db.yaml]", "db-16 db semver [b/db.yaml c/db.yaml]"}},
		{"one file, no one policy", map[string]string{"a.yaml": pod("web:1.2.0", "web:latest"), "b.yaml": pod("web:1.0.0")},
			[]string{"web-1 web semver [b.yaml]",
				"a.yaml:4:12: web is passed over: no one policy suits the tags 1.0.0, 1.2.0 and latest",
				"a.yaml:5:12: web is passed over: no one policy suits the tags 1.0.0, 1.2.0 and latest"}},
		{"governed already", map[string]string{"a/policy.yaml": policyOf("web", "web", ""), "a/web.yaml": pod("web:1.2.0"), "b/web.yaml": pod("web:1.3.0")},
			[]string{"library-web web semver"}},
		{"governed elsewhere in the folder", map[string]string{"policy.yaml": policyOf("web", "web", ", update: {paths: [a.yaml]}"), "a.yaml": pod("web:1.2.0"), "b.yaml": pod("web:1.3.0")},
			[]string{`b.yaml:4:12: web is passed over: the policy "web" in the same folder is for other files`}},
		{"a broken policy", map[string]string{"a/policy.yaml": policyOf("web", "web", ", pim: tag"), "a/web.yaml": pod("web:1.2.0"), "b/web.yaml": pod("web:1.3.0", "api:1.0"+mark("f:api"))},
			[]string{"web web semver",
				"a/web.yaml:4:12: web is passed over: a policy for it may stand in a/policy.yaml, which can't be read in full",
				"b/web.yaml:5:12: f:api is passed over: the marker's policy may stand in a/policy.yaml, which can't be read in full"}},
		{"no version", map[string]string{"a.yaml": pod("web", "api"+sum, "${IMAGE}:1.0")}, []string{
			"a.yaml:4:12: web is passed over: it has no tag",
			"a.yaml:5:12: api is passed over: it has a digest and no tag, so what it was chosen by isn't known",
			`a.yaml:6:12: spec.containers[2].image: "${IMAGE}:1.0" holds a template or a variable`}},
		{"a template", map[string]string{"a.yaml": "{{ if }}\nimage: web:1.0.0\n", "b.yaml": pod("web:1.0.0")}, []string{"web web semver"}},
		{"a marker", map[string]string{"a.yaml": pod("web:1.2.0"+mark("flux:web"), "api:1.0"), "b.yaml": "tag: 1.3.0" + mark("flux:web:tag") + "\n"},
			[]string{"api api semver", "flux/web web semver"}},
		{"a marker, and places without", map[string]string{"a.yaml": pod("web:1.2.0" + mark("flux:web")), "b.yaml": pod("web:1.3.0")},
			[]string{"flux/web web semver"}},
		{"a marker, and places of another kind", map[string]string{"a.yaml": pod("web:1.2.0" + mark("flux:web")), "b.yaml": pod("web:edge")},
			[]string{"flux/web web semver [a.yaml]", "web web digest"}},
		{"a marker beside places of another kind", map[string]string{"a.yaml": pod("web:1.2.0"+mark("flux:web"), "web:edge")},
			[]string{"web web digest", "a.yaml:4:12: flux:web is passed over: a.yaml:5 names the image without a marker"}},
		{"markers that share an image", map[string]string{"a.yaml": pod("web:1.2.0"+mark("flux:prod"), "web:edge"+mark("flux:dev")), "b.yaml": pod("web:1.3.0")},
			[]string{"flux/dev web digest [a.yaml]", "flux/prod web semver [a.yaml]", "web web semver"}},
		{"a marker of two images", map[string]string{"a.yaml": pod("web:1.2.0"+mark("flux:web"), "api:1.0"+mark("flux:web"))},
			[]string{"a.yaml:4:12: flux:web is passed over: the marker stands at web and at api", "a.yaml:5:12: flux:web is passed over: the marker stands at web and at api"}},
		{"a marker of no image", map[string]string{"a.yaml": "tag: 1.3.0" + mark("flux:web:tag") + "\nimage: x:1\n"},
			[]string{"x x semver", "a.yaml:1:6: flux:web:tag is passed over: the marker doesn't stand at an image's name, so which image is meant isn't known"}},
		{"a marker of no tag", map[string]string{"a.yaml": pod("web" + mark("flux:web"))},
			[]string{"a.yaml:4:12: flux:web is passed over: no tag is in use"}},
		{"kustomize", map[string]string{"kustomization.yaml": "images:\n- {name: web, newName: ghcr.io/acme/web, newTag: '1.25'}\n- {name: api, newTag: '${TAG}'}\n"},
			[]string{"web ghcr.io/acme/web semver", `kustomization.yaml:3:23: images[1].newTag: "${TAG}" holds a template or a variable`}},
		{"names", map[string]string{"a.yaml": pod("acme/web:1.0", "other/web:1.0", "ghcr.io/acme/web:1.0", "Reg.example.com:5000/acme/web:1.0", "'[::1]:5000/acme/web:1.0'", "x/a_b:1.0", "y/a-b:1.0", "repo.lock:1.0", "'123:1.0'", "'true:1.0'")}, []string{
			"1--5000-acme-web [::1]:5000/acme/web semver", "123 123 semver", "docker.io-acme-web acme/web semver", "ghcr.io-acme-web ghcr.io/acme/web semver",
			"other-web other/web semver", "reg.example.com-5000-acme-web Reg.example.com:5000/acme/web semver", "repo-lock repo.lock semver",
			"true true semver", "x-a-b x/a_b semver", "y-a-b y/a-b semver"}},
		{"names that are alike to the end", map[string]string{"a.yaml": pod("x/a_b:1.0", "x/a-b:1.0", "'x/a--b:1.0'", "x/"+strings.Repeat("long", 30)+":1")},
			[]string{"a--b x/a--b semver", "docker.io-x-a-b x/a-b semver", "docker.io-x-a-b-2 x/a_b semver",
				"lo" + strings.Repeat("nglo", 15) + "n x/" + strings.Repeat("long", 30) + " semver"}},
		{"Flux's policy", map[string]string{"flux.yaml": fluxOf("web", "web"), "a.yaml": pod("web:1.2.0"+mark("flux:web"), "web:1.2.0", "api:1.0"+mark("flux:api"))},
			[]string{"flux/api api semver", `a.yaml:5:12: web is passed over: Flux's policy "flux/web" is for it, where a marker says so`}},
		{"a broken policy of Flux's", map[string]string{"a/flux.yaml": strings.Replace(fluxOf("web", "web"), "semver", "semvar", 1), "a/a.yaml": pod("web:1.2.0" + mark("flux:web")), "b/a.yaml": pod("web:1.2.0")},
			[]string{"web web semver", "a/a.yaml:4:12: flux:web is passed over: the marker's policy may stand in a/flux.yaml, which can't be read in full"}},
		{"ignored", map[string]string{".towline.yaml": "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {ignorePaths: ['vendor/**']}\n", "vendor/a.yaml": pod("web:1.0.0")}, nil},
		{"files with odd names", map[string]string{"[a].yaml": pod("web:1.0.0"), "!*\\b\u00e9\n.yaml": pod("web:2.0.0"), "c $imagepolicy: .yaml": pod("web:3.0.0")},
			[]string{"web-1 web semver [\\[a].yaml]", "web-2 web semver [\\!\\*\\\\b\u00e9\n.yaml]", "web-3 web semver [c $imagepolicy: .yaml]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			policies, skipped := initialise(t, fsOf(tt.files))
			var got []string
			for _, p := range policies {
				line := fmt.Sprintf("%s %s %s", p.Key(), p.Image, p.Suggestion.Kind)
				if len(p.Paths) > 0 {
					line += fmt.Sprint(" ", p.Paths)
				}
				got = append(got, line)
			}
			for _, p := range skipped {
				p.Hint = ""
				got = append(got, p.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("policies and places passed over (-want +got):\n%s", diff)
			}
		})
	}
}
