// Package helm_test holds that `towline build` renders charts as `helm template` does.
package helm_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/towline-dev/towline/e2e/testbed"
)

// repository gives a copy of testdata/repository with the cache chart packed, as `helm
// dependency build` leaves it.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "repository"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o750); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	root := os.DirFS(filepath.Join(dir, "packed"))
	err := fs.WalkDir(root, "cache", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err = archive.Write(data)
		return err
	})
	if err := errors.Join(err, archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "charts", "shop", "charts", "cache-1.2.7.tgz"), out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSame renders charts with both programs.
func TestSame(t *testing.T) {
	dir := repository(t)
	const version = "v1.36.0"
	for _, test := range []struct {
		name, chart, release string
		ours, theirs         []string
	}{
		{name: "defaults", chart: "shop", theirs: []string{"--include-crds"}},
		{name: "values of an environment", chart: "shop", theirs: []string{"--include-crds", "--values", "environments/production.yaml"},
			ours: []string{"--values", "../../environments/production.yaml"}},
		{name: "without CRDs", chart: "shop", ours: []string{"--skip-crds"}},
		{name: "release and namespace", chart: "shop", release: "shop-eu", ours: []string{"--namespace", "eu", "--skip-crds"},
			theirs: []string{"--namespace", "eu"}},
		{name: "API versions", chart: "shop", ours: []string{"--skip-crds", "--api-versions", "monitoring.coreos.com/v1"},
			theirs: []string{"--api-versions", "monitoring.coreos.com/v1"}},
		{name: "an old chart", chart: "old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			release := cmp.Or(test.release, "web")
			folder := path.Join("charts", test.chart)
			theirs := run(t, dir, testbed.Helm(t), append([]string{"template", release, folder, "--kube-version", version}, test.theirs...)...)
			ours := run(t, dir, testbed.Towline(t), append([]string{"build", folder, "--release-name", release, "--kube-version", version}, test.ours...)...)
			if diff := gocmp.Diff(objects(t, theirs), objects(t, ours)); diff != "" {
				t.Errorf("(-helm +towline):\n%s", diff)
			}
		})
	}
}

// TestSameRefusals holds that what helm refuses is refused, and by what it is recognised.
func TestSameRefusals(t *testing.T) {
	dir := repository(t)
	for _, test := range []struct {
		name   string
		ours   []string
		theirs []string
		want   string
	}{
		{"values against the schema", []string{"--values", "../../environments/broken.yaml"}, []string{"--values", "environments/broken.yaml"}, "replicaCount"},
		{"an old cluster", []string{"--kube-version", "v1.24.0"}, []string{"--kube-version", "v1.24.0"}, ">=1.25.0-0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for program, args := range map[string][]string{
				testbed.Helm(t):    append([]string{"template", "x", "charts/shop"}, test.theirs...),
				testbed.Towline(t): append([]string{"build", "charts/shop"}, test.ours...),
			} {
				cmd := exec.CommandContext(t.Context(), program, args...)
				cmd.Dir = dir
				out, err := cmd.CombinedOutput()
				if err == nil || !strings.Contains(string(out), test.want) {
					t.Errorf("%s: %v, want an error that names %q:\n%s", filepath.Base(program), err, test.want, out)
				}
			}
		})
	}
}

func run(t *testing.T, dir, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, &stderr)
	}
	return out
}

// objects gives the objects of a stream by kind and name, without our annotations and
// without the hooks that have no place in a Sync.
func objects(t *testing.T, stream []byte) map[string]any {
	t.Helper()
	found := map[string]any{}
	var add func(u *unstructured.Unstructured)
	add = func(u *unstructured.Unstructured) {
		if u.IsList() {
			err := u.EachListItem(func(item runtime.Object) error {
				one, ok := item.(*unstructured.Unstructured)
				if !ok {
					return fmt.Errorf("the list holds a %T", item)
				}
				add(one)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		annotations := u.GetAnnotations()
		for k := range annotations {
			if strings.HasPrefix(k, "towline.dev/") {
				delete(annotations, k)
			}
		}
		if hook := annotations["helm.sh/hook"]; hook != "" && !strings.Contains(hook, "install") && !strings.Contains(hook, "upgrade") {
			return
		}
		u.SetAnnotations(annotations)
		key := u.GetKind() + " " + u.GetNamespace() + "/" + u.GetName()
		if found[key] != nil && !gocmp.Equal(found[key], any(u.Object)) { // helm gives the CRDs of a chart once for each alias
			t.Errorf("%s is there twice, with differences", key)
		}
		found[key] = u.Object
	}
	documents := yaml.NewYAMLToJSONDecoder(bytes.NewReader(stream))
	for {
		var raw json.RawMessage
		err := documents.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("reading what was rendered: %v", err)
		}
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		u := &unstructured.Unstructured{}
		if err := json.Unmarshal(raw, &u.Object); err != nil {
			t.Fatal(err)
		}
		add(u)
	}
	if len(found) == 0 {
		t.Fatal("no objects were rendered")
	}
	return found
}
