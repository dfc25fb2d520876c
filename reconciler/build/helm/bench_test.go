package helm_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/towline-dev/towline/reconciler/build"
)

// middle gives a chart of 40 templates that use helpers as public charts do.
func middle() fs.FS {
	more := map[string]string{
		"templates/_helpers.tpl": `{{ define "name" }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 }}{{ end }}` +
			`{{ define "labels" }}` + "\napp: {{ include \"name\" . }}\nchart: {{ .Chart.Name }}-{{ .Chart.Version }}\n" + `{{ end }}`,
		"values.yaml": "resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}\nenv:\n" + strings.Repeat("- {name: A, value: '{{ .Release.Name }}'}\n", 20),
	}
	for i := range 40 {
		more[fmt.Sprintf("templates/d%d.yaml", i)] = fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "name" . }}-%d
  labels: {{- include "labels" . | nindent 4 }}
spec:
  selector: {matchLabels: {app: {{ include "name" . }}}}
  template:
    metadata: {labels: {app: {{ include "name" . }}}}
    spec:
      containers:
        - name: main
          env: {{- tpl (toYaml .Values.env) $ | nindent 12 }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
`, i)
	}
	return chart(object("1"), more)
}

func BenchmarkRender(b *testing.B) {
	fsys := middle()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := render(b.Context(), fsys, build.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestExample renders the chart in examples.
func TestExample(t *testing.T) {
	got, err := render(t.Context(), os.DirFS("../../../examples/helm/chart"), build.Options{Release: "hello"})
	if err != nil || !strings.Contains(got, "kind: Deployment") {
		t.Errorf("error %v, want a Deployment:\n%s", err, got)
	}
}
