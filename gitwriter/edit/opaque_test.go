package edit_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func TestOpaque(t *testing.T) {
	const text = `kind: Kustomization
images:
- name: web
  newTag: ${TAG}
- name: api
  newTag: 1.0.0
---
spec:
- image: "{{ .Values.image }}"
- image: $(IMAGE):1.0
- image: An image, described in words
- image: nginx:1.25
`
	file, problems := edit.Parse("kustomization.yaml", []byte(text))
	if len(problems) > 0 || len(file.References()) != 2 {
		t.Fatalf("%v, %+v", problems, file.References())
	}
	var got []string
	for _, p := range file.Opaque() {
		got = append(got, fmt.Sprint(p.Kind, " ", p))
	}
	want := []string{
		`template kustomization.yaml:4:11: images[0].newTag: "${TAG}" holds a template or a variable`,
		`template kustomization.yaml:9:10: #1:spec[0].image: "{{ .Values.image }}" holds a template or a variable`,
		`template kustomization.yaml:10:10: #1:spec[1].image: "$(IMAGE):1.0" holds a template or a variable`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("opaque places (-want +got):\n%s", diff)
	}
}
