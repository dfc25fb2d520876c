package kustomize_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/kustomize"
)

// BenchmarkResources renders kustomizations of ever more objects, a third each of
// ConfigMaps, Services and Deployments, with a prefix, labels and a patch.
func BenchmarkResources(b *testing.B) {
	for _, n := range []int{250, 1000, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := large(n)
			for b.Loop() {
				objects, err := kustomize.New(build.Limits{}).Build(b.Context(), build.Request{Files: files, Dir: "."})
				if err != nil || len(objects) != n {
					b.Fatalf("%d objects, %v", len(objects), err)
				}
			}
		})
	}
}

func large(n int) fstest.MapFS {
	files := fstest.MapFS{}
	var names []string
	for i := range n {
		var text string
		switch i % 3 {
		case 0:
			text = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\ndata: {a: b}\n", i)
		case 1:
			text = fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: s%d}\nspec:\n  selector: {app: d%d}\n  ports: [{port: 80}]\n", i, i)
		case 2:
			text = fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d%d}\nspec:\n  selector: {matchLabels: {app: d%d}}\n  template:\n    metadata: {labels: {app: d%d}}\n"+
				"    spec:\n      containers:\n      - name: web\n        image: nginx:1\n        envFrom: [{configMapRef: {name: c%d}}]\n", i, i, i, i-2)
		}
		name := fmt.Sprintf("r%d.yaml", i)
		files[name] = &fstest.MapFile{Data: []byte(text)}
		names = append(names, "- "+name)
	}
	files["kustomization.yaml"] = &fstest.MapFile{Data: []byte("namePrefix: p-\nlabels: [{pairs: {team: web}}]\nresources:\n" + strings.Join(names, "\n") + "\n")}
	return files
}
