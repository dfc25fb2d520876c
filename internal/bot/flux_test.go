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

// fluxOf gives an ImageRepository and an ImagePolicy of flux-system.
func fluxOf(image, spec string) string {
	const head = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: %s\nmetadata: {name: web, namespace: flux-system}\nspec: {%s}\n"
	return fmt.Sprintf(head, "ImageRepository", "image: "+image+", interval: 1m") + "---\n" +
		fmt.Sprintf(head, "ImagePolicy", "imageRepositoryRef: {name: web}, policy: {semver: {range: 1.x}}"+spec)
}

func automationOf(path string) string {
	return "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {name: all, namespace: flux-system}\nspec: {update: {path: " + path + "}}\n"
}

const marker = ` # {"$imagepolicy": "flux-system:web"}`

func TestFlux(t *testing.T) {
	tags := map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0", "2.0.0"}, "ghcr.io/acme/staging": {"1.0.0", "1.2.0"}}
	web := fluxOf("ghcr.io/acme/web", "")
	broken := strings.Replace(web, "range", "rnge", 1)
	tests := []struct {
		name  string
		files fstest.MapFS
		want  []string // changes
		asked int      // how often the registry was
		told  []string
	}{
		{
			name: "marked references alone",
			files: fstest.MapFS{
				"clusters/flux.yaml": file(web), "clusters/a.yaml": file(automationOf("./apps")),
				"apps/web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker)), "apps/plain.yaml": file(pod("ghcr.io/acme/web:1.0.0")),
			},
			want: []string{"apps/web.yaml: 1.0.0 → 1.1.0"}, asked: 1,
		},
		{
			name: "no marker outside of the automations' paths",
			files: fstest.MapFS{
				"flux.yaml": file(web), "a.yaml": file(automationOf("./apps")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker)),
				"apps/web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker)),
			},
			want: []string{"apps/web.yaml: 1.0.0 → 1.1.0"}, asked: 1,
		},
		{
			name:  "nothing is scanned that is suspended",
			files: fstest.MapFS{"flux.yaml": file(fluxOf("ghcr.io/acme/web", ", suspend: true")), "web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker))},
			told:  []string{"problem: note: spec.suspend: nothing is scanned and changed for the policy"},
		},
		{
			name: "each cluster has a policy of its own",
			files: fstest.MapFS{
				"prod/flux.yaml": file(web), "prod/apps/web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker)),
				"staging/flux.yaml":    file(fluxOf("ghcr.io/acme/staging", "")),
				"staging/apps/web.yml": file(pod("ghcr.io/acme/staging:1.0.0" + marker)),
			},
			want: []string{"prod/apps/web.yaml: 1.0.0 → 1.1.0", "staging/apps/web.yml: 1.0.0 → 1.2.0"}, asked: 1,
		},
		{
			name:  "a marker that may mean either cluster's",
			files: fstest.MapFS{"prod/flux.yaml": file(web), "staging/flux.yaml": file(web), "base/web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker))},
			told:  []string{`problem: the marker names the policy "flux-system:web", of which there are several`},
		},
		{
			name:  "another cluster's policy doesn't stand in",
			files: fstest.MapFS{"prod/flux.yaml": file(web), "staging/flux.yaml": file(broken), "staging/web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker))},
			told: []string{
				"problem: note: spec.policy.semver.rnge: unknown field, which does nothing",
				"problem: spec.policy.semver.range: is missing",
				`problem: the marker names the policy "flux-system:web", which can't be used`,
			},
		},
		{
			name: "nor for one in a file that can't be read",
			files: fstest.MapFS{
				"prod/flux.yaml": file(web), "staging/flux.yaml": file(web + "---\n" + strings.Replace(web, "{name", "[name", 1)),
				"staging/q/flux.yaml": file(strings.Replace(web, "{name", "[name", 2)), "staging/q/web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker)),
				"staging/web.yaml": file(pod("ghcr.io/acme/web:1.0.0" + marker)),
			},
			want: []string{"staging/web.yaml: 1.0.0 → 1.1.0"}, asked: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.files, tags)
			if err := w.bot.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, changes := range w.writer.groups {
				for _, c := range changes {
					got = append(got, fmt.Sprintf("%s: %s → %s", c.File, c.From, c.To))
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			for image, want := range map[string]int{"ghcr.io/acme/web": tt.asked, "ghcr.io/acme/never": 0} {
				if asked := w.registries.asked(image); (asked > 0) != (want > 0) {
					t.Errorf("the registry was asked for %s %d times", image, asked)
				}
			}
			told := slices.DeleteFunc(w.told.take(), func(event string) bool { return !strings.HasPrefix(event, "problem: ") })
			slices.Sort(told)
			if tt.told != nil || tt.want == nil {
				if diff := cmp.Diff(tt.told, told); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestFluxCheck(t *testing.T) {
	tests := []struct {
		name            string
		files           fstest.MapFS
		problems, notes []string
	}{
		{name: "marked", files: fstest.MapFS{"flux.yaml": file(fluxOf("a", "")), "web.yaml": file(pod("a:1" + marker))}},
		{
			name:  "a digest that Flux wouldn't write",
			files: fstest.MapFS{"flux.yaml": file(fluxOf("a", "")), "web.yaml": file("kind: Values\ndigest: x" + strings.Replace(marker, `web"`, `web:digest"`, 1) + "\n")},
			notes: []string{`web.yaml:2:9: the marker asks for a digest, and digestReflectionPolicy is Never: Flux would write none here (see flux.yaml:6:1)`},
		},
		{
			name: "a digest that Flux writes, too", files: fstest.MapFS{
				"flux.yaml": file(fluxOf("a", ", digestReflectionPolicy: IfNotPresent")),
				"web.yaml":  file("kind: Values\ndigest: x" + strings.Replace(marker, `web"`, `web:digest"`, 1) + "\n"),
			},
		},
		{
			name: "unmarked", files: fstest.MapFS{"flux.yaml": file(fluxOf("a", "")), "web.yaml": file(pod("a:1"))},
			notes: []string{`flux.yaml:6:1: no marker here names the policy "flux-system:web" (mark an image by # {"$imagepolicy": "flux-system:web"})`},
		},
		{
			name: "marked out of reach", files: fstest.MapFS{"flux.yaml": file(fluxOf("a", "") + "---\n" + automationOf("b")), "web.yaml": file(pod("a:1" + marker))},
			notes: []string{`flux.yaml:6:1: no marker that names the policy "flux-system:web" is edited (web.yaml:7:12 has one, outside of every ImageUpdateAutomation's path)`},
		},
		{
			name: "twice in one folder", files: fstest.MapFS{"flux.yaml": file(fluxOf("a", "")), "flux2.yaml": file(fluxOf("a", "")), "web.yaml": file(pod("a:1" + marker))},
			problems: []string{
				`flux.yaml:9:35: spec.imageRepositoryRef: several ImageRepositories are named "flux-system/web" (flux.yaml:1:1 and flux2.yaml:1:1 are equally near)`,
				`flux2.yaml:9:35: spec.imageRepositoryRef: several ImageRepositories are named "flux-system/web" (flux.yaml:1:1 and flux2.yaml:1:1 are equally near)`,
				`web.yaml:7:12: the marker names the policy "flux-system:web", of which there are several (flux.yaml:6:1 and flux2.yaml:6:1 are equally near)`,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var reader bot.Reader
			tree, err := reader.Read(tt.files)
			if err != nil {
				t.Fatal(err)
			}
			problems, notes := tree.Check()
			if diff := cmp.Diff(tt.problems, lines(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.notes, lines(notes)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func lines(problems policy.Problems) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Error())
	}
	return all
}
