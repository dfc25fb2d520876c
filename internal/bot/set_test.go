package bot_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/internal/workdir/workdirtest"
	"github.com/towline-dev/towline/policy"
)

// setIn sets images in a folder and gives what was done, an edit a line, and what was
// told.
func setIn(t *testing.T, dir string, args ...string) (edits, problems, notes []string) {
	t.Helper()
	var wanted []bot.Assignment
	for _, arg := range args {
		a, err := bot.ParseAssignment(arg)
		if err != nil {
			t.Fatal(err)
		}
		wanted = append(wanted, a)
	}
	d, err := workdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	done, err := bot.Set(t.Context(), d, wanted)
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	for _, e := range done.Edits {
		edits = append(edits, fmt.Sprintf("%s:%d %s", e.File, e.Line, e.New))
	}
	return edits, errorsOf(done.Problems), errorsOf(done.Notes)
}

func errorsOf(problems policy.Problems) []string {
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.Error())
	}
	return texts
}

// manifests writes files below a folder of its own.
func manifests(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o750), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSet(t *testing.T) {
	for _, test := range []struct {
		name            string
		files           map[string]string
		args            []string
		edits, problems []string
	}{
		{
			name:  "edits are in the order of files and places",
			files: map[string]string{"b/web.yaml": "- image: nginx:1\n- image: nginx:1\n", "a.yaml": "image: docker.io/library/nginx:1\n", "b/a/x.json": `{"image":"nginx:1"}`},
			args:  []string{"nginx=2"},
			edits: []string{"a.yaml:1 docker.io/library/nginx:2", `b/a/x.json:1 nginx:2`, "b/web.yaml:1 nginx:2", "b/web.yaml:2 nginx:2"},
		},
		{
			name:  "the first assignment that fits counts",
			files: map[string]string{"a.yaml": "image: nginx:1 # {\"$imagepolicy\": \"ns:web\"}\n"},
			args:  []string{"ns:web=nginx:2", "nginx=3"},
			edits: []string{"a.yaml:1 nginx:2"}, problems: []string{"nothing here fits nginx=3 (see the image's name as the manifests write it)"},
		},
		{
			name:  "escapes hide nothing",
			files: map[string]string{"a.yaml": `image: "ngi\x6ex:1"` + "\n"},
			args:  []string{"nginx=2"},
			edits: []string{`a.yaml:1 nginx:2`},
		},
		{
			name: "only files that name the image have problems",
			files: map[string]string{
				"broken.yaml": "{{ if }}\nimage: redis:1\n", "marker.yaml": "a: 1 # {\"$imagepolicy\": \"x\"}\nimage: redis:1\n",
				"meant.yaml": "{{ if }}\nimage: nginx:1\n", "web.yaml": "image: nginx:1\n",
			},
			args:  []string{"nginx=2"},
			edits: []string{"web.yaml:1 nginx:2"}, problems: []string{"meant.yaml:1: "},
		},
		{
			name: "what can't be edited without damage is told",
			files: map[string]string{
				"shared.yaml": "a: &v nginx:1\nb: {image: *v}\n", "web.yaml": "image: nginx:1\n",
			},
			args:  []string{"nginx=2"},
			edits: []string{"web.yaml:1 nginx:2"}, problems: []string{"shared.yaml:2:12: the file is left as it is: "},
		},
		{
			name:  "ignored paths are passed over",
			files: map[string]string{".towline.yaml": "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec: {ignorePaths: [vendor/**]}\n", "vendor/a.yaml": "image: nginx:1\n", ".git/a.yaml": "image: nginx:1\n"},
			args:  []string{"nginx=2"}, problems: []string{"nothing here fits nginx=2"},
		},
		{
			name: "charts of a repository that another file defines",
			files: map[string]string{
				"flux/repository.yaml": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: acme}\nspec: {type: oci, url: oci://ghcr.io/acme/charts}\n",
				"web.yaml":             chartRelease("web", "acme"), "other.yaml": chartRelease("web", "elsewhere"), "db.yaml": chartRelease("db", "acme"),
			},
			args:  []string{"ghcr.io/acme/charts/web=1.1.0"},
			edits: []string{"web.yaml:7 1.1.0"},
		},
		{
			name:  "what is set already is no problem",
			files: map[string]string{"a.yaml": "image: nginx:2\n"},
			args:  []string{"nginx=2"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			edits, problems, notes := setIn(t, manifests(t, test.files), test.args...)
			if diff := cmp.Diff(test.edits, edits); diff != "" {
				t.Errorf("the edits differ (-want +got):\n%s", diff)
			}
			if !slices.EqualFunc(problems, test.problems, strings.HasPrefix) {
				t.Errorf("the problems are %q, want %q", problems, test.problems)
			}
			if len(notes) > 0 {
				t.Errorf("there are notes: %q", notes)
			}
		})
	}
}

// chartRelease is a HelmRelease of a chart.
func chartRelease(chart, repository string) string {
	return fmt.Sprintf(`apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: %[1]s}
spec:
  chart:
    spec:
      version: 1.0.0
      chart: %[1]s
      sourceRef: {kind: HelmRepository, name: %[2]s}
`, chart, repository)
}

func TestSetEditsWhatALinkLeadsToOnce(t *testing.T) {
	outside := manifests(t, map[string]string{"x.yaml": "image: nginx:1\n"})
	dir := manifests(t, map[string]string{"base/web.yaml": "image: nginx:1\n"})
	for link, target := range map[string]string{
		"in.yaml": "base/web.yaml", "same": "base", "out.yaml": filepath.Join(outside, "x.yaml"), "away": outside, "gone.yaml": "none", "loop.yaml": "loop.yaml",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	edits, problems, notes := setIn(t, dir, "nginx=2")
	if diff := cmp.Diff([]string{"base/web.yaml:1 nginx:2"}, edits); diff != "" || len(problems) > 0 {
		t.Errorf("the edits differ, problems %q (-want +got):\n%s", problems, diff)
	}
	if len(notes) != 2 || !strings.HasPrefix(notes[0], "loop.yaml: the link isn't followed: ") || !strings.HasPrefix(notes[1], "out.yaml: the link isn't followed: ") {
		t.Errorf("the notes are %q", notes)
	}
	if data, err := os.ReadFile(filepath.Join(outside, "x.yaml")); err != nil || string(data) != "image: nginx:1\n" {
		t.Errorf("the file outside holds %q, %v", data, err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "in.yaml")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v, %v", info, err)
	}
}

func TestSetTellsOfLargeFiles(t *testing.T) {
	blank := strings.Repeat("#\n", workdir.MaxFile/2)
	dir := manifests(t, map[string]string{"other.yaml": blank + "image: redis:1\n", "meant.yaml": blank + "image: nginx:1\n"})
	edits, problems, _ := setIn(t, dir, "nginx=2")
	want := fmt.Sprintf("meant.yaml: the file has %d bytes, more than the %d that are read", len(blank)+len("image: nginx:1\n"), workdir.MaxFile)
	if len(edits) > 0 || len(problems) == 0 || problems[0] != want {
		t.Errorf("Set gives %q, %q, want the problem %q", edits, problems, want)
	}
}

func TestSetCalledOffWritesNothing(t *testing.T) {
	dir := manifests(t, map[string]string{"a.yaml": "image: nginx:1\n"})
	d, err := workdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	a, err := bot.ParseAssignment("nginx=2")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if done, err := bot.Set(ctx, d, []bot.Assignment{a}); !errors.Is(err, context.Canceled) || len(done.Edits) > 0 {
		t.Errorf("Set gives %v, %v", done, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// TestSetOfATree is what BenchmarkSet measures, with the result looked at.
func TestSetOfATree(t *testing.T) {
	dir := t.TempDir()
	if err := workdirtest.Tree(dir, 2000); err != nil {
		t.Fatal(err)
	}
	edits, problems, _ := setIn(t, dir, workdirtest.Image(7)+"=2.0.0")
	if len(edits) != 10 || len(problems) > 0 {
		t.Errorf("there are %d edits, want 10, and the problems %q", len(edits), problems)
	}
	changed := 0
	for i := range 2000 {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(workdirtest.Name(i))))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), workdirtest.Image(7)+":2.0.0") {
			changed++
		}
	}
	if changed != 10 {
		t.Errorf("%d files hold the new tag, want 10", changed)
	}
}
