package bot_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/bot"
)

// release is a HelmRelease of the chart web, whose repository stands elsewhere.
func release(version string) string {
	return "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  chart:\n    spec:\n" +
		"      chart: web\n      version: " + version + "\n      sourceRef: {kind: HelmRepository, name: acme, namespace: flux-system}\n"
}

func repository(namespace, url string) string {
	metadata := "{name: acme, namespace: " + namespace + "}"
	if namespace == "" {
		metadata = "{name: acme}"
	}
	return "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: " + metadata + "\nspec: {type: oci, url: '" + url + "'}\n"
}

func TestChartsOfRepositoriesInOtherFiles(t *testing.T) {
	const charts = "oci://ghcr.io/acme/charts"
	tests := []struct {
		name  string
		files fstest.MapFS
		want  []string // the images of the HelmRelease
	}{
		{name: "in another file", files: fstest.MapFS{"sources/acme.yaml": file(repository("flux-system", charts))}, want: []string{"ghcr.io/acme/charts/web"}},
		{name: "nowhere", files: fstest.MapFS{}},
		{name: "without OCI", files: fstest.MapFS{"acme.yaml": file(repository("flux-system", "https://charts.example.com"))}},
		{name: "of another namespace", files: fstest.MapFS{"acme.yaml": file(repository("other", charts))}},
		{name: "without a namespace", files: fstest.MapFS{"acme.yaml": file(repository("", charts))}, want: []string{"ghcr.io/acme/charts/web"}},
		{
			name: "one has the namespace, one has none",
			files: fstest.MapFS{
				"a.yaml": file(repository("", "oci://ghcr.io/other")), "b.yaml": file(repository("flux-system", charts)),
			},
			want: []string{"ghcr.io/acme/charts/web"},
		},
		{
			name: "for two clusters, all the same",
			files: fstest.MapFS{
				"clusters/a/acme.yaml": file(repository("flux-system", charts)), "clusters/b/acme.yaml": file(repository("flux-system", charts)),
			},
			want: []string{"ghcr.io/acme/charts/web"},
		},
		{
			name: "the nearest of two",
			files: fstest.MapFS{
				"apps/acme.yaml": file(repository("flux-system", charts)), "other/acme.yaml": file(repository("flux-system", "oci://ghcr.io/other")),
			},
			want: []string{"ghcr.io/acme/charts/web"},
		},
		{
			name: "two that are equally near",
			files: fstest.MapFS{
				"a/acme.yaml": file(repository("flux-system", charts)), "b/acme.yaml": file(repository("flux-system", "oci://ghcr.io/other")),
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.files["apps/web.yaml"] = file(release("1.0.0"))
			var reader bot.Reader
			tree, err := reader.Read(tt.files)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range tree.Files {
				for _, r := range tree.References(f) {
					got = append(got, r.Image)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChartsAreUpdated(t *testing.T) {
	w := newWorld(t, fstest.MapFS{
		"p.yaml": file(policyOf("chart", "ghcr.io/acme/charts/web")), "apps/web.yaml": file(release("1.0.0 # exact")),
		"sources/acme.yaml": file(repository("flux-system", "oci://ghcr.io/acme/charts")),
	}, map[string][]string{"ghcr.io/acme/charts/web": {"1.0.0", "1.2.0", "2.0.0"}})
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"apps/web.yaml": release("1.2.0 # exact")}
	if diff := cmp.Diff(want, w.writer.files); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestFieldsThatTheConfigurationNames(t *testing.T) {
	const config = "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  references:\n  - {kind: Agent, path: spec.version, image: ghcr.io/acme/web}\n"
	agent := func(version string) string {
		return "apiVersion: example.com/v1\nkind: Agent\nspec: {version: " + version + "}\n"
	}
	files := fstest.MapFS{
		".towline.yaml": file(config), "p.yaml": file(policyOf("web", "ghcr.io/acme/web")), "agent.yaml": file(agent("1.0.0")),
		"other.yaml": file("kind: Other\nspec: {version: 1.0.0}\n"),
	}
	w := newWorld(t, files, map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}})
	if err := w.bot.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"agent.yaml": agent("1.1.0")}, w.writer.files); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}

	// A path that is none ends the reading: what was meant isn't known.
	files[".towline.yaml"] = file(config + "  - {path: spec..version}\n  - {path: spec, image: 'a:1'}\n")
	var reader bot.Reader
	const want = `.towline.yaml:6:5: spec.references: the path has no plain key before ".version" (write a path like spec.servers[*].image, and ["a.key"] for a key that isn't a plain word)
.towline.yaml:7:5: spec.references: "a:1" isn't an image name without a tag (write a path like spec.servers[*].image, and ["a.key"] for a key that isn't a plain word)`
	if _, err := reader.Read(files); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
