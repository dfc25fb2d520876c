package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

// automation is an ImageUpdateAutomation of flux-system with more of its spec.
func automation(spec string) string {
	return "apiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImageUpdateAutomation\nmetadata: {name: all, namespace: flux-system}\nspec: {" + spec + "}\n"
}

// bare leaves the namespace out.
func bare(document string) string {
	return strings.Replace(document, ", namespace: flux-system", "", 1)
}

func TestResolveFlux(t *testing.T) {
	const (
		web = "flux-system/web ghcr.io/acme/web "
		in  = "namespace: flux-system\nresources: "
	)
	staging := strings.Replace(fluxWeb, "acme/web", "acme/staging", 1)
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"in different files", map[string]string{"a/policy.yaml": fluxSemver, "b/repository.yaml": fluxWeb}, []string{web + "**"}},
		{
			"other kinds alone",
			map[string]string{"a.yaml": automation("interval: 1m"), "b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"}, nil,
		},
		{
			"several clusters",
			map[string]string{"staging/flux.yaml": staging + "---\n" + fluxSemver, "prod eu/flux.yaml": fluxWeb + "---\n" + fluxSemver},
			[]string{"prod-eu/" + web + "**", "staging/flux-system/web ghcr.io/acme/staging **"},
		},
		{
			"one below another",
			map[string]string{"flux.yaml": fluxWeb + "---\n" + fluxSemver, "staging/flux.yaml": staging + "---\n" + fluxSemver},
			[]string{web + "**", "staging/flux-system/web ghcr.io/acme/staging **"},
		},
		{
			"repositories that are equally near",
			map[string]string{"a/r.yaml": fluxWeb, "b/r.yaml": fluxWeb, "p.yaml": fluxSemver},
			[]string{`p.yaml:4:35: spec.imageRepositoryRef: several ImageRepositories are named "flux-system/web" (a/r.yaml:1:1 and b/r.yaml:1:1 are equally near)`},
		},
		{
			"the namespace of a kustomization",
			map[string]string{"flux/kustomization.yaml": in + "[./r.yaml, p.yaml]\n", "flux/r.yaml": bare(fluxWeb), "flux/p.yaml": bare(fluxSemver)},
			[]string{web + "**"},
		},
		{
			"the namespace of a kustomization further out",
			map[string]string{
				"kustomization.yml": in + "[flux]\n", "flux/Kustomization": "namespace: other\nresources: [f.yaml]\n",
				"flux/f.yaml": bare(fluxWeb) + "---\n" + bare(fluxSemver),
			},
			[]string{web + "**"},
		},
		{
			"several namespaces are none",
			map[string]string{
				"a/kustomization.yaml": "namespace: a\nresources: [../base]\n", "b/kustomization.yaml": "namespace: b\nresources: [../base]\n",
				"base/kustomization.yaml": "resources: [f.yaml, ../a]\n", "base/f.yaml": bare(fluxWeb) + "---\n" + bare(fluxSemver),
			},
			[]string{"web ghcr.io/acme/web **"},
		},
		{
			"a repository that can't be used",
			map[string]string{"f.yaml": fluxSemver, "k.yaml": strings.Replace(fluxWeb, "flux-system", "apps", 1)},
			[]string{`f.yaml:4:35: spec.imageRepositoryRef: the ImageRepository "flux-system/web" isn't here (k.yaml:1:1 has that name, in the namespace "apps")`},
		},
		{"an automation of everything", map[string]string{"f.yaml": fluxWeb + "---\n" + fluxSemver + "---\n" + automation("update: {path: ./}")}, []string{web + "**"}},
		{
			"automations of paths",
			map[string]string{"f.yaml": fluxWeb + "---\n" + fluxSemver + "---\n" + automation("update: {path: ./apps/}") + "---\n" + automation("update: {path: '../x[1]'}")},
			[]string{web + `apps/**,x\[1]/**`},
		},
		{"a suspended automation", map[string]string{"f.yaml": fluxWeb + "---\n" + fluxSemver + "---\n" + automation("suspend: true")}, []string{web + "** suspended"}},
		{
			"an automation that selects others",
			map[string]string{"f.yaml": fluxWeb + "---\n" + fluxSemver + "---\n" + automation("policySelector: {matchLabels: {app: web}}")},
			[]string{web + "** suspended"},
		},
		{
			"an automation that selects it",
			map[string]string{"f.yaml": fluxWeb + "---\n" + strings.Replace(fluxSemver, "m}", "m, labels: {app: web}}", 1) + "---\n" + automation(
				"update: {path: a}, policySelector: {matchLabels: {app: web}, matchExpressions: [{key: app, operator: In, values: [web]}, "+
					"{key: app, operator: NotIn, values: [db]}, {key: app, operator: Exists}, {key: b, operator: DoesNotExist}]}")},
			[]string{web + "a/**"},
		},
		{
			"an automation of another namespace",
			map[string]string{"f.yaml": fluxWeb + "---\n" + fluxSemver + "---\n" + strings.Replace(automation(""), "flux-system", "apps", 1)},
			[]string{web + "** suspended"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, summary(resolve(t, tt.files))); diff != "" {
				t.Errorf("policies and problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFluxAccess(t *testing.T) {
	foreign := strings.NewReplacer("flux-system}\n", "apps}\n", "{name: web}", "{name: web, namespace: flux-system}").Replace(fluxSemver)
	namespace := func(labels string) string {
		return "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps, labels: {" + labels + "}}\n"
	}
	const missing = "of the namespace's labels only kubernetes.io/metadata.name is known, since its document isn't here"
	tests := []struct {
		name, access string
		more         string
		denied       string // the reason, or ""
	}{
		{name: "without accessFrom", denied: "its accessFrom is missing"},
		{name: "all namespaces", access: "[{matchLabels: {}}]"},
		{name: "none", access: "[]", denied: missing},
		{name: "by its name", access: "[{matchLabels: {kubernetes.io/metadata.name: apps}}]"},
		{name: "another's name", access: "[{matchLabels: {kubernetes.io/metadata.name: other}}]", denied: missing},
		{name: "by labels that aren't known", access: "[{matchLabels: {team: a}}]", denied: missing},
		{name: "by its labels", access: "[{matchLabels: {team: b}}, {matchLabels: {team: a}}]", more: namespace("team: a")},
		{name: "other labels", access: "[{matchLabels: {team: a, x: y}}]", more: namespace("team: a"), denied: "its accessFrom doesn't select the namespace"},
		{
			name: "labels of two clusters that differ", access: "[{matchLabels: {team: a}}]",
			more: namespace("team: a") + "---\n" + namespace("team: b"), denied: "its accessFrom doesn't select the namespace",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			repository := fluxWeb
			if tt.access != "" {
				repository = strings.Replace(fluxWeb, "5m}", "5m, accessFrom: {namespaceSelectors: "+tt.access+"}}", 1)
			}
			got := resolve(t, map[string]string{"r.yaml": repository, "p.yaml": foreign, "n.yaml": tt.more})
			want := []string{"apps/web ghcr.io/acme/web **"}
			if tt.denied != "" {
				want = []string{`p.yaml:4:35: spec.imageRepositoryRef: the ImageRepository "flux-system/web" doesn't let policies of the namespace "apps" use it (` +
					tt.denied + "; see r.yaml:1:1)"}
			}
			if diff := cmp.Diff(want, summary(got)); diff != "" {
				t.Errorf("policies and problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClosest(t *testing.T) {
	dirs := []string{".", "staging", "prod/eu", "prod/us"}
	for file, want := range map[string][]string{
		"a.yaml": {"."}, "staging/x/a.yaml": {"staging"}, "prod/eu/a.yaml": {"prod/eu"}, "prod/a.yaml": {"prod/eu", "prod/us"}, "dev/a.yaml": {"."},
	} {
		got := policy.Closest(dirs, file, func(dir string) string { return dir })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("closest to %s (-want +got):\n%s", file, diff)
		}
	}
}

// TestAPolicyOfABrokenRepository: without the exclusions that can't be read, the
// policy would choose what they leave out.
func TestAPolicyOfABrokenRepository(t *testing.T) {
	broken := strings.Replace(fluxWeb, "5m}", `5m, exclusionList: ["("]}`, 1)
	f, err := policy.ParseFlux("f.yaml", []byte(broken+"---\n"+fluxSemver))
	if err == nil {
		t.Fatal("the expression is taken for one")
	}
	found := policy.ResolveFlux([]policy.Flux{f})
	want := []string{`f.yaml:9:35: spec.imageRepositoryRef: the ImageRepository "flux-system/web" can't be used (see f.yaml:1:1)`}
	if diff := cmp.Diff(want, summary(found)); diff != "" || len(found.Unusable) != 1 {
		t.Errorf("%d unusable policies; policies and problems (-want +got):\n%s", len(found.Unusable), diff)
	}
}
