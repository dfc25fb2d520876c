package render_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/sops"
)

// packed gives a chart as an archive.
func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for name, text := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestEncryptedInAChart opens what SOPS has encrypted wherever a chart may have it: files of
// values, the chart's own values, its other files, and those of a packed dependency.
func TestEncryptedInAChart(t *testing.T) {
	keys, err := sops.NewKeys(map[string][]byte{"a.agekey": encrypted(t, "test.agekey")})
	if err != nil {
		t.Fatal(err)
	}
	template := "apiVersion: v1\nkind: Secret\nmetadata: {name: %}\nstringData: {a: {{ .Values.stringData.password | quote }}, b: {{ .Files.Get \"blob.txt\" | quote }}}\n"
	chart := func(name string) string { return "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n" }
	whole := fstest.MapFS{
		"Chart.yaml":            {Data: []byte(chart("c"))},
		"templates/secret.yaml": {Data: []byte(strings.ReplaceAll(template, "%", "c"))},
		"blob.txt":              {Data: encrypted(t, "age/blob.txt")},
		"prod.yaml":             {Data: encrypted(t, "age/secret.yaml")},
		"charts/d.tgz": {Data: packed(t, map[string]string{
			"d/Chart.yaml": chart("d"), "d/values.yaml": string(encrypted(t, "age/secret.yaml")), "d/templates/s.yaml": strings.ReplaceAll(template, "%", "d"),
			"d/blob.txt": string(encrypted(t, "age/blob.txt")),
		})},
	}
	options := build.Options{Helm: build.Helm{ValuesFiles: []string{"prod.yaml"}}, Decryption: keys}
	objects, err := renderer().Build(t.Context(), build.Request{Files: whole, Dir: ".", Options: options})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{"a": "pa55: word\n#x", "b": "binary \x01\x02 text\nsecond line\n"}
	want := map[string]any{"c": values, "d": values}
	got := map[string]any{}
	for _, u := range objects {
		got[u.GetName()] = u.Object["stringData"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, file := range []string{"prod.yaml", "blob.txt", "charts/d.tgz"} {
		t.Run("without keys "+file, func(t *testing.T) {
			files := fstest.MapFS{"Chart.yaml": whole["Chart.yaml"], "templates/a.yaml": {Data: []byte(configMap("a"))}, file: whole[file]}
			options := build.Options{}
			if file == "prod.yaml" {
				options.Helm.ValuesFiles = []string{file}
			}
			_, err := renderer().Build(t.Context(), build.Request{Files: files, Dir: ".", Options: options})
			if err == nil || !strings.HasPrefix(err.Error(), file) || !strings.Contains(err.Error(), "name the Secret of the keys in spec.decryption") {
				t.Errorf("error %v, want one of %s with a hint", err, file)
			}
		})
	}
}
