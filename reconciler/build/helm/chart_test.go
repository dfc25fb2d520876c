package helm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/build"
)

// object is a template of a ConfigMap with a value.
func object(value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  v: " + value + "\n"
}

// packed gives the bytes of an archive.
func packed(t *testing.T, headers ...*tar.Header) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, h := range headers {
		text := "apiVersion: v2\nname: dep\nversion: 1.0.0\n"
		if h.Size > 0 {
			text = strings.Repeat("x", int(h.Size))
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(text))
		}
		if err := archive.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := archive.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHostileCharts(t *testing.T) {
	file := func(name string) *tar.Header { return &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600} }
	metadata := file("dep/Chart.yaml")
	link := &tar.Header{Name: "dep/templates/x", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}
	many := map[string]string{}
	for i := range 300 {
		many[fmt.Sprintf("charts/d%d/Chart.yaml", i)] = fmt.Sprintf("apiVersion: v2\nname: d%d\nversion: 1.0.0\n", i)
	}
	aliases := map[string]string{}
	at := ""
	for i := range 8 {
		text := fmt.Sprintf("apiVersion: v2\nname: d%d\nversion: 1.0.0\ndependencies:\n", i)
		for j := range 10 {
			text += fmt.Sprintf("- {name: d%d, version: 1.0.0, alias: a%d}\n", i+1, j)
		}
		aliases[at+"Chart.yaml"] = text
		at += fmt.Sprintf("charts/d%d/", i+1)
	}
	aliases[at+"Chart.yaml"] = "apiVersion: v2\nname: d8\nversion: 1.0.0\n"
	for name, test := range map[string]struct {
		more map[string]string
		want string
	}{
		"a path out of the chart":    {map[string]string{"charts/d.tgz": packed(t, metadata, file("dep/../../x"))}, "leads out of the chart"},
		"an absolute path":           {map[string]string{"charts/d.tgz": packed(t, metadata, file("/dep/x"))}, "leads out of the chart"},
		"a drive":                    {map[string]string{"charts/d.tgz": packed(t, metadata, file("dep/c:/x"))}, "leads out of the chart"},
		"backslashes":                {map[string]string{"charts/d.tgz": packed(t, metadata, file(`dep\..\..\x`))}, "leads out of the chart"},
		"a symbolic link":            {map[string]string{"charts/d.tgz": packed(t, metadata, link)}, "neither a file nor a folder"},
		"a file twice":               {map[string]string{"charts/d.tgz": packed(t, metadata, file("dep/x"), file("dep/x"))}, "is there twice"},
		"a large file":               {map[string]string{"charts/d.tgz": packed(t, metadata, &tar.Header{Name: "dep/x", Typeflag: tar.TypeReg, Size: 20 << 20})}, "larger than"},
		"no chart in it":             {map[string]string{"charts/d.tgz": packed(t, file("dep/x"))}, "no Chart.yaml"},
		"no archive":                 {map[string]string{"charts/d.tgz": "hello"}, "reading the archive"},
		"charts without end":         {many, "more than 256 charts in one"},
		"aliases of aliases":         {aliases, "more than 256 charts come of the dependencies"},
		"an alias bomb in values":    {map[string]string{"values.yaml": aliasBomb()}, "values.yaml"},
		"values that aren't a map":   {map[string]string{"values.yaml": "[1, 2]"}, "cannot load values.yaml"},
		"no version":                 {map[string]string{"Chart.yaml": "apiVersion: v2\nname: c\n"}, "version is required"},
		"a broken Chart.yaml":        {map[string]string{"Chart.yaml": "apiVersion: v2\nname: [\n"}, "Chart.yaml:2"},
		"a double star in ignores":   {map[string]string{".helmignore": "a/**\n"}, ".helmignore"},
		"a schema that isn't JSON":   {map[string]string{"values.schema.json": "{"}, "values.schema.json"},
		"a schema of many steps":     {map[string]string{"values.schema.json": exponentialSchema()}, "steps to hold the values"},
		"a schema that names itself": {map[string]string{"values.schema.json": `{"$ref": "#"}`}, "values.schema.json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(t.Context(), chart(object("1"), test.more), build.Options{})
			if !build.IsPermanent(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func exponentialSchema() string {
	defs := map[string]any{"d0": map[string]any{"type": "object", "required": []string{}}}
	for i := range 60 {
		ref := map[string]any{"$ref": fmt.Sprintf("#/$defs/d%d", i)}
		defs[fmt.Sprintf("d%d", i+1)] = map[string]any{"allOf": []any{ref, map[string]any{"allOf": []any{ref}}}}
	}
	text, err := json.Marshal(map[string]any{"$defs": defs, "$ref": "#/$defs/d60"})
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// TestBombs holds that the limits count what archives hold, all of them together.
func TestBombs(t *testing.T) {
	more := map[string]string{}
	for i := range 15 {
		metadata := &tar.Header{Name: "dep/Chart.yaml", Typeflag: tar.TypeReg}
		more[fmt.Sprintf("charts/d%d.tgz", i)] = packed(t, metadata, &tar.Header{Name: "dep/x", Typeflag: tar.TypeReg, Size: 8 << 20})
	}
	_, err := render(t.Context(), chart(object("1"), more), build.Options{})
	if !build.IsPermanent(err) || !strings.Contains(err.Error(), "in all archives of the chart together") {
		t.Errorf("error %v, want one about all archives together", err)
	}
}

// TestNoNetwork holds that schemas are taken from nowhere but the file.
func TestNoNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was fetched", r.URL) }))
	defer server.Close()
	for _, schema := range []string{`{"$ref": "%s/x.json"}`, `{"$schema": "%s/x.json"}`, `{"$id": "%s/", "properties": {"a": {"$ref": "x.json"}}}`, `{"$dynamicRef": "%s/x.json"}`, `{"$ref": "file:///etc/passwd"}`} {
		if strings.Contains(schema, "%s") {
			schema = fmt.Sprintf(schema, server.URL)
		}
		_, err := render(t.Context(), chart(object("1"), map[string]string{"values.schema.json": schema}), build.Options{})
		if !build.IsPermanent(err) || !strings.Contains(err.Error(), "nothing is fetched") {
			t.Errorf("schema %s: error %v, want one that says that nothing is fetched", schema, err)
		}
	}
}

// TestCancelled holds that a render ends with its context, and that the chart isn't blamed.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fsys := chart(`{{ range until 200000 }}{{ range until 200000 }}{{ end }}{{ end }}`, nil)
	failed := make(chan error, 1)
	go func() {
		_, err := render(ctx, fsys, build.Options{})
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) || build.IsPermanent(err) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// TestMadeUp holds that what would differ at each render is refused, unless the object is
// applied once only.
func TestMadeUp(t *testing.T) {
	kept := "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations: {towline.dev/reconcile: disabled}\nstringData: {p: {{ randAlphaNum 20 }}}\n"
	for name, test := range map[string]struct{ template, want string }{
		"a password":                    {object(`{{ randAlphaNum 20 }}`), "ConfigMap c differs each time it is rendered, in data.v (templates call randAlphaNum)"},
		"the day":                       {object(`{{ now | date "2006-01-02" | quote }}`), "in data.v (templates call now)"},
		"a date of nothing":             {object(`{{ date "2006" nil | quote }}`), "(templates call date)"},
		"a certificate":                 {object(`{{ (genSelfSignedCert "a" nil nil 1).Cert | quote }}`), "(templates call genSelfSignedCert)"},
		"another number of objects":     {"{{ range (now.Year | add -2000 | int | until) }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c{{ . }}}\n{{ end }}", "another number of objects"},
		"a password that isn't used":    {object(`{{ default (randAlphaNum 20) "given" }}`), ""},
		"an order that isn't made up":   {object(`{{ keys (dict "a" 1 "b" 2 "c" 3 "d" 4) | join "" }}{{ values (dict "a" 1 "b" 2 "c" 3) | join "" }}`), ""},
		"a Secret that is applied once": {kept, ""},
		"a year that stays":             {object(`{{ toDate "2006" "2020" | date "2006" | quote }}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(t.Context(), chart(test.template, nil), build.Options{})
			switch {
			case test.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestCapabilities(t *testing.T) {
	template := object(`{{ .Capabilities.KubeVersion.Version }}/{{ .Capabilities.APIVersions.Has "apps/v1" }}/{{ .Capabilities.APIVersions.Has "a.example.com/v1/Thing" }}`)
	for name, test := range map[string]struct {
		cluster build.Capabilities
		want    string
	}{
		"Helm's defaults":   {build.Capabilities{}, "v1.20.0/true/false"},
		"further versions":  {build.Capabilities{KubeVersion: "v1.36.3", APIVersions: []string{"a.example.com/v1/Thing"}}, "v1.36.3/true/true"},
		"all of a cluster":  {build.Capabilities{KubeVersion: "1.36.3-gke.1", APIVersions: []string{"a.example.com/v1/Thing", "v1"}}, "v1.36.3-gke.1/false/true"},
		"a kind is missing": {build.Capabilities{APIVersions: []string{"a.example.com/v1", "apps/v1", "v1"}}, "v1.20.0/true/false"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := render(t.Context(), chart(template, nil), build.Options{Cluster: test.cluster})
			want := "apiVersion: v1\ndata:\n  v: " + test.want + "\nkind: ConfigMap\nmetadata:\n  name: c\n"
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("error %v, (-want +got):\n%s", err, diff)
			}
		})
	}
}
