package edit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// deployment returns a manifest of 200 lines or so with one image.
func deployment(extra string) []byte {
	var b strings.Builder
	b.WriteString("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels: {app: web}\nspec:\n  replicas: 3\n" +
		"  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n" +
		"      - name: web\n" + extra + "        env:\n")
	for i := range 60 {
		fmt.Fprintf(&b, "        # what variable %d is for\n        - name: VARIABLE_%d\n          value: \"%d\"\n", i, i, i)
	}
	return []byte(b.String())
}

// BenchmarkRewrite is the whole work on one file: parse, splice, parse again, compare.
func BenchmarkRewrite(b *testing.B) {
	benchmarkRewrite(b, deployment("        image: ghcr.io/acme/web:1.0.0\n"))
}

// small is a Deployment of 40 lines or so, such as most of a repository's files are.
func small(image string) []byte {
	return []byte(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels:
    app.kubernetes.io/name: web # the service's selector
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web
    spec:
      containers:
      - name: web
        image: ` + image + `
        ports:
        - containerPort: 8080
          name: http
        env:
        - name: LOG_LEVEL
          value: info
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {memory: 256Mi}
        readinessProbe:
          httpGet:
            path: /ready
            port: http
        volumeMounts:
        - name: config
          mountPath: /etc/web
      volumes:
      - name: config
        configMap:
          name: web
`)
}

func benchmarkRewrite(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		file, _ := edit.Parse("web.yaml", data)
		if _, edits, err := file.Rewrite([]edit.Change{{Reference: file.References()[0], Tag: "1.1.0"}}); err != nil || len(edits) != 1 {
			b.Fatal(edits, err)
		}
	}
}

// BenchmarkRewriteSmall is BenchmarkRewrite for a file of the usual size.
func BenchmarkRewriteSmall(b *testing.B) { benchmarkRewrite(b, small("ghcr.io/acme/web:1.0.0")) }

// BenchmarkRewriteDocuments is one edit in a file of 50 documents.
func BenchmarkRewriteDocuments(b *testing.B) {
	benchmarkRewrite(b, append(small("ghcr.io/acme/web:1.0.0"), bytes.Repeat(append([]byte("---\n"), small("ghcr.io/acme/other:1")...), 49)...))
}

// BenchmarkParse is the search for references alone.
func BenchmarkParse(b *testing.B) {
	for name, data := range map[string][]byte{
		"image":  deployment("        image: ghcr.io/acme/web:1.0.0\n"),
		"marker": deployment("        image: ghcr.io/acme/web:1.0.0 # {\"$imagepolicy\": \"flux-system:web\"}\n"),
		"none":   deployment("        imagePullPolicy: Always\n"),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				edit.Parse("web.yaml", data)
			}
		})
	}
}

// BenchmarkRelevant is what a file that names no image costs.
func BenchmarkRelevant(b *testing.B) {
	data := bytes.Repeat(deployment("        imagePullPolicy: Always\n"), 100)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if edit.Relevant(data) {
			b.Fatal("the data holds an image")
		}
	}
}

// BenchmarkRoundTrip is what re-encoding the same file by kyaml costs, to compare.
func BenchmarkRoundTrip(b *testing.B) {
	data := deployment("        image: ghcr.io/acme/web:1.0.0\n")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		rw := kio.ByteReadWriter{Reader: bytes.NewReader(data), Writer: &out}
		nodes, err := rw.Read()
		if err != nil {
			b.Fatal(err)
		}
		if err := rw.Write(nodes); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnifiedDiff(b *testing.B) {
	old := bytes.Repeat(deployment("        image: ghcr.io/acme/web:1.0.0\n"), 50)
	changed := bytes.Replace(old, []byte("web:1.0.0"), []byte("web:1.1.0"), 1)
	b.SetBytes(int64(len(old)))
	for b.Loop() {
		edit.UnifiedDiff("web.yaml", old, changed)
	}
}
