package edit_test

import (
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func TestCandidate(t *testing.T) {
	tests := map[string]bool{
		"a.yaml": true, "dir/a.yml": true, "a.json": true, "Kustomization": true, "apps/web/Kustomization": true,
		"a.YAML.bak": false, "README.md": false, "yaml": false, "dir.yaml/file": false, "kustomization": false, "": false,
	}
	for file, want := range tests {
		if got := edit.Candidate(file); got != want {
			t.Errorf("Candidate(%q) = %v, want %v", file, got, want)
		}
	}
}

func TestRelevant(t *testing.T) {
	tests := map[string]bool{
		"":                                   false,
		"kind: Service\n":                    false,
		"imagePullPolicy: Always\n":          false,
		"imagePullSecrets: []\nimages2: x\n": false,
		"imageName: x\n":                     true,
		"repository: x\ntag: y":              true,
		"url: oci://x":                       true,
		"kind: HelmRepository":               true,
		"targetRevision: HEAD\npath: .":      false,
		"targetRevision: 1.2.3\nchart: x":    true,
		"image":                              true,
		"image: x":                           true,
		"image : x":                          true,
		"\"image\": x":                       true,
		"'image': x":                         true,
		"? image\n: x":                       true,
		"{image: x}":                         true,
		"images:\n- newTag: x":               true,
		"images":                             true,
		"imagePullPolicy: Always\nimage: x":  true,
		"tag: x # {\"$imagepolicy\": \"a:b:tag\"}": true,
	}
	for data, want := range tests {
		if got := edit.Relevant([]byte(data)); got != want {
			t.Errorf("Relevant(%q) = %v, want %v", data, got, want)
		}
	}
}
