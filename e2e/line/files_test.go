package line_test

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed"
)

// exampleHost stands for a registry in examples/.
const exampleHost = "registry.example.com"

// examplesDir is where examples/ is.
func examplesDir(t *testing.T) string {
	t.Helper()
	module, err := testbed.ModuleDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(filepath.Dir(module), "examples")
}

// readExamples gives the files of examples/ with a registry in place of the made-up
// one.
func readExamples(t *testing.T, host string) map[string]string {
	t.Helper()
	files := map[string]string{}
	fsys := os.DirFS(examplesDir(t))
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		files[path] = strings.ReplaceAll(string(data), exampleHost, host)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// references are the lines of examples/ that name a version, with that version.
func references(host, version string) map[string][]string {
	return map[string][]string{
		"plain/deployment.yaml": {"          image: " + host + "/hello:" + version + "  # kept up to date by Towline\r"},
		"flux/deployment.yaml": {
			"    version: " + version + ` # {"$imagepolicy": "flux-system:hello:tag"}`,
			"        image: " + host + "/hello:" + version + ` # {"$imagepolicy": "flux-system:hello"}`,
		},
		"github/deployment.yaml": {"          image: " + host + "/hello:" + version},
		"gitlab/deployment.yaml": {"          image: " + host + "/hello:" + version},
		"gitea/deployment.yaml":  {"          image: " + host + "/hello:" + version},
		"helm/chart/values.yaml": {`  tag: "` + version + `"   # quotes stay`},
		"helm/chart/templates/deployment.yaml": {
			"          image: " + host + "/hello:" + version + "   # plain on its line, so it is edited in the template",
		},
		"helm/application.yaml":                            {"          tag: " + version},
		"kustomize/overlays/production/kustomization.yaml": {"    newTag: " + version},
		"kustomize/overlays/staging/kustomization.yaml":    {"    newTag: " + version},
	}
}

// tree gives the files of a commit as git tells them.
func (l *line) tree(commit string) map[string]string {
	l.Helper()
	files := map[string]string{}
	for archive := tar.NewReader(strings.NewReader(l.git("archive", "--format=tar", commit))); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			l.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			l.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			files[header.Name] = string(data)
		}
	}
}

// changedLines gives the lines of after that aren't those of before, by file. Both
// must have the same files of the same number of lines; line ends belong to the lines.
func changedLines(t *testing.T, before, after map[string]string) map[string][]string {
	t.Helper()
	changed := map[string][]string{}
	for path := range after {
		if _, ok := before[path]; !ok {
			t.Errorf("%s is new", path)
		}
	}
	for path, old := range before {
		olds, news := strings.Split(old, "\n"), strings.Split(after[path], "\n")
		if len(olds) != len(news) {
			t.Errorf("%s has %d lines, and had %d", path, len(news), len(olds))
			continue
		}
		for i, text := range news {
			if text != olds[i] {
				changed[path] = append(changed[path], text)
			}
		}
	}
	return changed
}

// wantUpdate checks that the update to a version is proposed, once: one pull request,
// open, whose branch lies one commit above main and changes the lines that name the
// version and no other byte; that it has the labels (those of .towline.yaml, mostly);
// and that there is no branch beside it.
func (l *line) wantUpdate(version string, labels ...string) {
	l.Helper()
	pull := l.onlyPullRequest()
	if pull.State != "open" || pull.Head != updateBranch || pull.Base != "main" {
		l.Errorf("the pull request is %s, of %s to %s; want it open, of %s to main", pull.State, pull.Head, pull.Base, updateBranch)
	}
	if want := "hello to " + version; !strings.Contains(pull.Title, want) || !strings.Contains(pull.Body, version) {
		l.Errorf("the pull request is titled %q, want %q in it, and the version in its text:\n%s", pull.Title, want, pull.Body)
	}
	if !slices.Equal(pull.Labels, labels) {
		l.Errorf("the pull request's labels are %q, want %q", pull.Labels, labels)
	}
	if got, want := l.branches(), []string{"main", updateBranch}; !slices.Equal(got, want) {
		l.Errorf("the branches are %q, want %q", got, want)
	}
	if got := strings.TrimSpace(l.git("rev-list", "--count", "main.."+updateBranch)); got != "1" {
		l.Errorf("the branch is %s commits ahead of main, want 1", got)
	}
	got := changedLines(l.T, l.tree("main"), l.tree(updateBranch))
	if diff := cmp.Diff(references(l.registry.Host(), version), got); diff != "" {
		l.Errorf("changed lines (-want +got):\n%s", diff)
	}
}
