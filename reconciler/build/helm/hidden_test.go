package helm_test

import (
	"bytes"
	"log"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/build"
)

// parent is a chart whose values, and those that it is given, don't fit those of its
// dependency: where one has a table, another has a text.
func parent() map[string]string {
	return map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: d, version: 1.0.0, condition: d.enabled, import-values: [{child: own, parent: a.deep}]}]\n",
		"values.yaml": `global: {g: hunter2-global, h: {x: hunter2-table}, list: [1, {two: 2}]}
a: {deep: hunter2-deep, table: {password: hunter2-below}}
d: {enabled: true, own: {mixed: hunter2-above, other: {x: 1}}}
`,
		"charts/d/Chart.yaml":  "apiVersion: v2\nname: d\nversion: 1.0.0\n",
		"charts/d/values.yaml": "global: {g: {x: hunter2-below}, h: hunter2-text}\nown: {mixed: {password: hunter2-mixed}, other: hunter2-other, num: 1.5, none: 1}\n",
		"charts/d/templates/t.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n" +
			"data: {values: {{ .Values | toJson | squote }}}\n",
	}
}

// TestWarnings holds that what Helm writes to the process's log tells no values, and that
// hiding them changes nothing of what is merged.
func TestWarnings(t *testing.T) {
	var written bytes.Buffer
	before := log.Writer()
	log.SetOutput(&written)
	defer log.SetOutput(before)
	fsys := chart("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: {{ .Values.a | toJson | squote }}}\n", parent())
	got, err := render(t.Context(), fsys, build.Options{Helm: build.Helm{Values: []byte(`{"a":{"table":"hunter2-given"},"d":{"own":{"none":null}}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	want := `apiVersion: v1
data:
  values: '{"enabled":true,"global":{"g":"hunter2-global","h":{"x":"hunter2-table"},"list":[1,{"two":2}]},"own":{"mixed":"hunter2-above","num":1.5,"other":{"x":1}}}'
kind: ConfigMap
metadata:
  name: d
---
apiVersion: v1
data:
  a: '{"deep":"hunter2-deep","table":"hunter2-given"}'
kind: ConfigMap
metadata:
  name: c
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if written.Len() == 0 {
		t.Error("nothing was written: the charts don't make Helm warn any more")
	}
	if strings.Contains(written.String(), "hunter2") {
		t.Errorf("values were written:\n%s", written.String())
	}
}

// TestValueForATable holds that an error of merging tells no values either.
func TestValueForATable(t *testing.T) {
	fsys := chart("", parent())
	_, err := render(t.Context(), fsys, build.Options{Helm: build.Helm{Values: []byte(`{"d":"hunter2"}`)}})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "mismatch on d") {
		t.Errorf("error %v, want one that names d and tells no value", err)
	}
}

// TestVariables holds that what the rendered text has without quotes becomes a number.
func TestVariables(t *testing.T) {
	fsys := chart(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: c
  labels:
    number: ${N}
spec:
  replicas: {{ .Values.replicas }}
  paused: ${ON}
  text: "${N}"
  quoted: {{ .Values.replicas | quote }}
  title: ${NAME}-{{ .Release.Name }}
`, map[string]string{"values.yaml": "replicas: ${N}\n"})
	got, err := render(t.Context(), fsys, build.Options{Variables: map[string]string{"N": "3", "ON": "true", "NAME": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    number: "3"
  name: c
spec:
  paused: true
  quoted: "3"
  replicas: 3
  text: "3"
  title: x-release-name
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
